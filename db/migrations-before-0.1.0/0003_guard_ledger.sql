-- compatible: triggers that refuse only what no process ever did.
--
-- The books balance, and stay as they were written, whatever writes into them.
CREATE FUNCTION tender_check_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  off bigint;
BEGIN
  SELECT sum(amount_minor) INTO off FROM ledger_entries
    WHERE transaction = NEW.transaction AND currency = NEW.currency;
  IF off <> 0 THEN
    RAISE EXCEPTION 'ledger transaction % is off by % %', NEW.transaction, off, NEW.currency
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE CONSTRAINT TRIGGER ledger_balances AFTER INSERT ON "ledger_entries"
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION tender_check_balance();
--> statement-breakpoint
CREATE FUNCTION tender_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
--> statement-breakpoint
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE ON "ledger_entries"
  FOR EACH ROW EXECUTE FUNCTION tender_refuse_change();
--> statement-breakpoint
CREATE TRIGGER ledger_not_truncated BEFORE TRUNCATE ON "ledger_entries"
  FOR EACH STATEMENT EXECUTE FUNCTION tender_refuse_change();
--> statement-breakpoint
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON "audit_entries"
  FOR EACH ROW EXECUTE FUNCTION tender_refuse_change();
--> statement-breakpoint
-- Money taken before there were books.
INSERT INTO "ledger_entries" ("transaction", "book", "amount_minor", "currency", "merchant_id", "account_id", "order_id", "created_at")
SELECT 'capture:' || p."id", b."book", b."sign" * p."captured_minor", p."currency", o."merchant_id",
  p."account_id", o."id", coalesce(p."settled_at", now())
FROM "payments" p JOIN "orders" o ON o."id" = p."order_id",
  (VALUES ('provider', 1), ('merchant', -1)) AS b("book", "sign")
WHERE p."status" = 'succeeded' AND p."captured_minor" > 0;
