-- breaking: an old process keeps both tokens in `consumer_groups.lease_token`, and finds one there. Before the first
-- release.
ALTER TABLE "endpoints" ADD COLUMN "destination" jsonb;--> statement-breakpoint
ALTER TABLE "consumer_groups" ADD COLUMN "acknowledged_token" text;--> statement-breakpoint
-- Until now the one column held both words.
UPDATE "consumer_groups" SET "acknowledged_token" = nullif(split_part("lease_token", ' ', 2), ''),
  "lease_token" = nullif(split_part("lease_token", ' ', 1), '') WHERE "lease_token" IS NOT NULL;
