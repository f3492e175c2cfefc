-- compatible: functions and triggers that only tell of changes.
--
-- Readers wait on LISTEN instead of polling. Triggers, so that no writer can forget to tell them.
CREATE FUNCTION tender_notify_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('tender_orders', NEW.id);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER orders_changed AFTER UPDATE ON "orders" FOR EACH ROW
  WHEN (OLD.version IS DISTINCT FROM NEW.version) EXECUTE FUNCTION tender_notify_order();
--> statement-breakpoint
-- Equal payloads within one transaction collapse into one notification.
CREATE FUNCTION tender_notify_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('tender_events', shard::text) FROM (SELECT DISTINCT shard FROM added) AS shards;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER events_added AFTER INSERT ON "events" REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION tender_notify_event();
--> statement-breakpoint
-- The feed: told once a batch of events has its positions, with the shard.
CREATE FUNCTION tender_notify_feed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('tender_feed', NEW.shard::text);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER feed_advanced AFTER UPDATE ON "dispatch_shards" FOR EACH ROW
  WHEN (OLD.last_position IS DISTINCT FROM NEW.last_position) EXECUTE FUNCTION tender_notify_feed();
