-- compatible: indexes, and a trigger that only tells of changes.
--
-- What a day's comparison looks for: movements by when they settled, and the ledger by what moved.
CREATE INDEX "payments_by_settled" ON "payments" ("account_id", "settled_at") WHERE "settled_at" IS NOT NULL;
--> statement-breakpoint
CREATE INDEX "refunds_by_settled" ON "refunds" ("account_id", "settled_at") WHERE "settled_at" IS NOT NULL;
--> statement-breakpoint
CREATE INDEX "ledger_entries_by_mover" ON "ledger_entries" (split_part("transaction", ':', 2));
--> statement-breakpoint
-- Readers of a run wait on the channel that those of orders wait on, under the run's own id.
CREATE TRIGGER reconciliations_changed AFTER UPDATE ON "reconciliations" FOR EACH ROW
  EXECUTE FUNCTION tender_notify_order();
