-- compatible: functions and triggers that only tell of changes.
--
-- Whoever waits for a reply, for the other side of a session or for a topic's next message is told by its id.
CREATE FUNCTION tender_notify_messaging() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('tender_messaging', NEW.id);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER messages_changed AFTER UPDATE ON "messages" FOR EACH ROW
  WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION tender_notify_messaging();
--> statement-breakpoint
CREATE TRIGGER sessions_changed AFTER UPDATE ON "sessions" FOR EACH ROW
  WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION tender_notify_messaging();
--> statement-breakpoint
CREATE TRIGGER topics_changed AFTER UPDATE ON "topics" FOR EACH ROW
  WHEN (OLD.last_seq IS DISTINCT FROM NEW.last_seq) EXECUTE FUNCTION tender_notify_messaging();
--> statement-breakpoint
CREATE FUNCTION tender_notify_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('tender_messaging', NEW.session_id);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER session_messages_added AFTER INSERT ON "session_messages" FOR EACH ROW
  EXECUTE FUNCTION tender_notify_session();
