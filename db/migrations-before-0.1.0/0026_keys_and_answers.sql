-- compatible: tables of their own, columns that may be null, and indexes.
CREATE TABLE "idempotency_answers" (
	"id" text PRIMARY KEY NOT NULL,
	"merchant_id" text NOT NULL,
	"path" text NOT NULL,
	"key" text NOT NULL,
	"request_hash" text NOT NULL,
	"holder" text NOT NULL,
	"locked_until" timestamp with time zone NOT NULL,
	"status" integer,
	"sealed_answer" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "key_check" (
	"id" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"sealed_value" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "portal_links" ADD COLUMN "id" text;--> statement-breakpoint
ALTER TABLE "portal_links" ADD COLUMN "made_by_key" text;--> statement-breakpoint
CREATE INDEX "idempotency_answers_by_age" ON "idempotency_answers" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "portal_links_by_merchant" ON "portal_links" USING btree ("merchant_id","id");