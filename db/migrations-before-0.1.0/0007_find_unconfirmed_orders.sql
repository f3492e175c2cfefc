-- compatible: an index.
CREATE INDEX "orders_unconfirmed" ON "orders" USING btree ("paid_at") WHERE "orders"."confirmation" = 'awaited';