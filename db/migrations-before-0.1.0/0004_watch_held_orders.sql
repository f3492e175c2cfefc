-- breaking: an old process looks for open orders without their index, as its condition is another one. Before the
-- first release.
DROP INDEX "orders_open";--> statement-breakpoint
CREATE INDEX "orders_open" ON "orders" USING btree ("created_at") WHERE "orders"."status" in ('pending', 'authorized', 'review');