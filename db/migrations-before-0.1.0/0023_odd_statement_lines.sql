-- compatible: a column that may be null, and that old processes do not read.
ALTER TABLE "statement_entries" ADD COLUMN "note" text;
