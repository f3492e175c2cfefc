-- breaking: an old process takes a shard over by `dispatch_shards.epoch`, which goes. Before the first release.
CREATE TABLE "dispatch_cursors" (
	"shard" integer PRIMARY KEY NOT NULL,
	"position" bigint DEFAULT 0 NOT NULL,
	"epoch" integer DEFAULT 0 NOT NULL
);
--> statement-breakpoint
-- Until now an event got its position and its deliveries in one transaction.
INSERT INTO "dispatch_cursors" ("shard", "position", "epoch")
  SELECT "shard", "last_position", "epoch" FROM "dispatch_shards";
--> statement-breakpoint
CREATE INDEX "events_unnumbered_of_merchant" ON "events" USING btree ("merchant_id") WHERE "events"."position" is null;--> statement-breakpoint
CREATE INDEX "events_in_order" ON "events" USING btree ("shard","position") WHERE "events"."position" is not null;--> statement-breakpoint
ALTER TABLE "dispatch_shards" DROP COLUMN "epoch";
--> statement-breakpoint
-- The relay is told of what has no position yet; of what has one, it and the feed's readers are told by the
-- row that counts them. Both in the commit: whoever gives positions holds that row until then anyway.
DROP TRIGGER events_added ON "events";
--> statement-breakpoint
CREATE OR REPLACE FUNCTION tender_notify_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('tender_events', NEW.shard::text);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER events_added AFTER INSERT ON "events" FOR EACH ROW
  WHEN (NEW.position IS NULL) EXECUTE FUNCTION tender_notify_event();
--> statement-breakpoint
CREATE FUNCTION tender_notify_feed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('tender_feed', NEW.shard::text);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER feed_advanced AFTER UPDATE ON "dispatch_shards" FOR EACH ROW
  WHEN (OLD.last_position IS DISTINCT FROM NEW.last_position) EXECUTE FUNCTION tender_notify_feed();
