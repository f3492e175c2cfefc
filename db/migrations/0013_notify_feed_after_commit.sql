-- A commit that carries a NOTIFY holds every other such commit back until it is on disk. The relay tells
-- the feed's readers once its claim is committed, and publishers no longer wait for its disk.
DROP TRIGGER "feed_advanced" ON "dispatch_shards";
--> statement-breakpoint
DROP FUNCTION tender_notify_feed();
