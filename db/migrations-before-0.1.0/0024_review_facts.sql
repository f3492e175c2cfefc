-- compatible: a column that may be null, and that old processes do not read.
ALTER TABLE "orders" ADD COLUMN "review_facts" jsonb;
