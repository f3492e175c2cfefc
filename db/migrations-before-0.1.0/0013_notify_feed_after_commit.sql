-- breaking: an old process does not tell the feed's readers itself, and the trigger that did goes. Before the first
-- release.
--
-- A commit that carries a NOTIFY holds every other such commit back until it is on disk. The relay tells
-- the feed's readers once its claim is committed, and publishers no longer wait for its disk.
DROP TRIGGER "feed_advanced" ON "dispatch_shards";
--> statement-breakpoint
DROP FUNCTION tender_notify_feed();
