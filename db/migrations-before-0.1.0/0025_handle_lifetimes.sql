-- compatible: a column that may be null, and that old processes do not read.
ALTER TABLE "payments" ADD COLUMN "handle_expires_at" timestamp with time zone;
