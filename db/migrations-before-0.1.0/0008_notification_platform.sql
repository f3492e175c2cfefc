-- breaking: an old process writes `deliveries.dead_reason`, which gets another name. Before the first release.
CREATE TABLE "portal_links" (
	"token_hash" text PRIMARY KEY NOT NULL,
	"merchant_id" text NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "replays" (
	"id" text PRIMARY KEY NOT NULL,
	"merchant_id" text NOT NULL,
	"endpoint_id" text NOT NULL,
	"kind" text NOT NULL,
	"event_types" text[] NOT NULL,
	"since" timestamp with time zone NOT NULL,
	"until" timestamp with time zone NOT NULL,
	"status" text DEFAULT 'running' NOT NULL,
	"position" bigint DEFAULT 0 NOT NULL,
	"looked_at" integer DEFAULT 0 NOT NULL,
	"queued" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"ended_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "consumer_groups" (
	"merchant_id" text NOT NULL,
	"name" text NOT NULL,
	"event_types" text[] NOT NULL,
	"filter" jsonb,
	"position" bigint DEFAULT 0 NOT NULL,
	"lease_token" text,
	"lease_position" bigint,
	"lease_until" timestamp with time zone,
	"acknowledged_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "consumer_groups_merchant_id_name_pk" PRIMARY KEY("merchant_id","name")
);
--> statement-breakpoint
CREATE TABLE "event_type_definitions" (
	"merchant_id" text NOT NULL,
	"name" text NOT NULL,
	"description" text DEFAULT '' NOT NULL,
	"schema" jsonb,
	"archived_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "event_type_definitions_merchant_id_name_pk" PRIMARY KEY("merchant_id","name")
);
--> statement-breakpoint
ALTER TABLE "deliveries" RENAME COLUMN "dead_reason" TO "end_reason";--> statement-breakpoint
DROP INDEX "deliveries_for_workflow";--> statement-breakpoint
ALTER TABLE "deliveries" ADD COLUMN "position" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "deliveries" ADD COLUMN "priority" smallint DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "deliveries" ADD COLUMN "order_key" text;--> statement-breakpoint
ALTER TABLE "deliveries" ADD COLUMN "is_latest_only" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "deliveries" ADD COLUMN "expires_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "deliveries" ADD COLUMN "replays" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "delivery_attempts" ADD COLUMN "response_headers" jsonb;--> statement-breakpoint
ALTER TABLE "endpoints" ADD COLUMN "metadata" jsonb DEFAULT '{}'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "endpoints" ADD COLUMN "channels" text[] DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE "endpoints" ADD COLUMN "filter" jsonb;--> statement-breakpoint
ALTER TABLE "endpoints" ADD COLUMN "resource_id" text;--> statement-breakpoint
ALTER TABLE "endpoints" ADD COLUMN "rules" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "endpoints" ADD COLUMN "payload" text DEFAULT 'full' NOT NULL;--> statement-breakpoint
ALTER TABLE "endpoints" ADD COLUMN "format" text DEFAULT 'json' NOT NULL;--> statement-breakpoint
ALTER TABLE "endpoints" ADD COLUMN "payload_version" text DEFAULT '2026-11-01' NOT NULL;--> statement-breakpoint
ALTER TABLE "endpoints" ADD COLUMN "ordering" text DEFAULT 'none' NOT NULL;--> statement-breakpoint
ALTER TABLE "endpoints" ADD COLUMN "rate_per_second" integer;--> statement-breakpoint
ALTER TABLE "endpoints" ADD COLUMN "max_concurrency" integer;--> statement-breakpoint
ALTER TABLE "endpoints" ADD COLUMN "retry_seconds" integer[];--> statement-breakpoint
ALTER TABLE "endpoints" ADD COLUMN "sealed_access" text;--> statement-breakpoint
ALTER TABLE "endpoints" ADD COLUMN "auth" text DEFAULT 'none' NOT NULL;--> statement-breakpoint
ALTER TABLE "endpoints" ADD COLUMN "header_names" text[] DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE "endpoints" ADD COLUMN "public_key" text;--> statement-breakpoint
ALTER TABLE "endpoints" ADD COLUMN "previous_sealed_secret" text;--> statement-breakpoint
ALTER TABLE "endpoints" ADD COLUMN "previous_public_key" text;--> statement-breakpoint
ALTER TABLE "endpoints" ADD COLUMN "previous_secret_until" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "endpoints" ADD COLUMN "congestion" jsonb;--> statement-breakpoint
ALTER TABLE "endpoints" ADD COLUMN "failing_since" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "endpoints" ADD COLUMN "updated_at" timestamp with time zone DEFAULT now() NOT NULL;--> statement-breakpoint
ALTER TABLE "events" ADD COLUMN "channels" text[] DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE "events" ADD COLUMN "dedupe_key" text;--> statement-breakpoint
ALTER TABLE "merchants" ADD COLUMN "endpoints_version" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "portal_links" ADD CONSTRAINT "portal_links_merchant_id_merchants_id_fk" FOREIGN KEY ("merchant_id") REFERENCES "public"."merchants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "consumer_groups" ADD CONSTRAINT "consumer_groups_merchant_id_merchants_id_fk" FOREIGN KEY ("merchant_id") REFERENCES "public"."merchants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "event_type_definitions" ADD CONSTRAINT "event_type_definitions_merchant_id_merchants_id_fk" FOREIGN KEY ("merchant_id") REFERENCES "public"."merchants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "portal_links_by_end" ON "portal_links" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "replays_by_merchant" ON "replays" USING btree ("merchant_id","id");--> statement-breakpoint
CREATE INDEX "replays_running" ON "replays" USING btree ("id") WHERE "replays"."status" = 'running';--> statement-breakpoint
CREATE INDEX "deliveries_by_order_key" ON "deliveries" USING btree ("endpoint_id","order_key","position") WHERE "deliveries"."status" = 'pending' and "deliveries"."order_key" is not null;--> statement-breakpoint
CREATE INDEX "deliveries_expiring" ON "deliveries" USING btree ("endpoint_id","expires_at") WHERE "deliveries"."status" = 'pending' and "deliveries"."expires_at" is not null;--> statement-breakpoint
CREATE INDEX "deliveries_undelivered" ON "deliveries" USING btree ("endpoint_id","position") WHERE "deliveries"."status" in ('dead', 'dropped');--> statement-breakpoint
CREATE INDEX "delivery_attempts_by_endpoint" ON "delivery_attempts" USING btree ("endpoint_id","started_at");--> statement-breakpoint
CREATE INDEX "endpoints_of_resource" ON "endpoints" USING btree ("resource_id") WHERE "endpoints"."resource_id" is not null;--> statement-breakpoint
CREATE INDEX "endpoints_failing" ON "endpoints" USING btree ("failing_since") WHERE "endpoints"."failing_since" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "events_dedupe" ON "events" USING btree ("merchant_id","dedupe_key") WHERE "events"."dedupe_key" is not null;--> statement-breakpoint
CREATE INDEX "events_by_resource" ON "events" USING btree ("merchant_id","resource_id","position");--> statement-breakpoint
CREATE INDEX "deliveries_for_workflow" ON "deliveries" USING btree ("endpoint_id","priority","position") WHERE "deliveries"."status" = 'pending' and "deliveries"."driver" = 'workflow';