DROP INDEX "orders_open";--> statement-breakpoint
CREATE INDEX "orders_open" ON "orders" USING btree ("created_at") WHERE "orders"."status" in ('pending', 'authorized', 'review');