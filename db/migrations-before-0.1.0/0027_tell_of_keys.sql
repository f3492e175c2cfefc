-- compatible: a function and triggers that only tell of changes.
-- Whatever is held open on behalf of a key hears of its end, whoever ends it.
CREATE FUNCTION tender_notify_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('tender_keys', OLD.id);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER api_keys_ended AFTER UPDATE ON "api_keys" FOR EACH ROW
  WHEN (OLD.revoked_at IS DISTINCT FROM NEW.revoked_at OR OLD.expires_at IS DISTINCT FROM NEW.expires_at)
  EXECUTE FUNCTION tender_notify_key();
--> statement-breakpoint
CREATE TRIGGER api_keys_removed AFTER DELETE ON "api_keys" FOR EACH ROW
  EXECUTE FUNCTION tender_notify_key();
