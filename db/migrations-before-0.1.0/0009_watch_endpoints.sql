-- compatible: fills a column that no old process reads, and counts versions that none asks for.
--
-- Deliveries written before they knew their event's place in the feed.
UPDATE "deliveries" SET "position" = "events"."position" FROM "events"
  WHERE "events"."id" = "deliveries"."event_id" AND "events"."position" IS NOT NULL;
--> statement-breakpoint
-- Whoever keeps a merchant's compiled endpoints sees by its version that they are stale. What deliveries
-- change of an endpoint (driver, window, failing since) is no change of what it wants.
CREATE FUNCTION tender_version_endpoints() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- The endpoint of one order is looked up by the order.
  IF coalesce(NEW.resource_id, OLD.resource_id) IS NOT NULL THEN RETURN NULL; END IF;
  UPDATE merchants SET endpoints_version = endpoints_version + 1
    WHERE id = coalesce(NEW.merchant_id, OLD.merchant_id);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER endpoints_added_or_removed AFTER INSERT OR DELETE ON "endpoints" FOR EACH ROW
  EXECUTE FUNCTION tender_version_endpoints();
--> statement-breakpoint
CREATE TRIGGER endpoints_changed AFTER UPDATE ON "endpoints" FOR EACH ROW
  WHEN (OLD.updated_at IS DISTINCT FROM NEW.updated_at OR OLD.status IS DISTINCT FROM NEW.status)
  EXECUTE FUNCTION tender_version_endpoints();
