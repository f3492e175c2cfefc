-- compatible: an index.
CREATE INDEX "endpoints_with_public_keys" ON "endpoints" USING btree ("id") WHERE "endpoints"."public_key" is not null or "endpoints"."previous_public_key" is not null;