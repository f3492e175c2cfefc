-- breaking: an old process reads and writes `orders.method`, `provider_notifications.subject` and `.report`, which go.
-- Before the first release.
CREATE TABLE "audit_entries" (
	"id" text PRIMARY KEY NOT NULL,
	"merchant_id" text NOT NULL,
	"actor" text NOT NULL,
	"action" text NOT NULL,
	"resource_id" text NOT NULL,
	"details" jsonb NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "ledger_entries" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "ledger_entries_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"transaction" text NOT NULL,
	"book" text NOT NULL,
	"amount_minor" bigint NOT NULL,
	"currency" text NOT NULL,
	"merchant_id" text NOT NULL,
	"account_id" text NOT NULL,
	"order_id" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "account_outcomes" (
	"account_id" text NOT NULL,
	"bucket" timestamp with time zone NOT NULL,
	"succeeded" integer DEFAULT 0 NOT NULL,
	"failed" integer DEFAULT 0 NOT NULL,
	CONSTRAINT "account_outcomes_account_id_bucket_pk" PRIMARY KEY("account_id","bucket")
);
--> statement-breakpoint
CREATE TABLE "disputes" (
	"id" text PRIMARY KEY NOT NULL,
	"order_id" text NOT NULL,
	"payment_id" text NOT NULL,
	"account_id" text NOT NULL,
	"dispute_no" text NOT NULL,
	"status" text NOT NULL,
	"reason" text NOT NULL,
	"amount_minor" bigint NOT NULL,
	"currency" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"ended_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "refunds" (
	"id" text PRIMARY KEY NOT NULL,
	"merchant_id" text NOT NULL,
	"order_id" text NOT NULL,
	"payment_id" text NOT NULL,
	"account_id" text NOT NULL,
	"merchant_refund_no" text,
	"refund_no" text NOT NULL,
	"provider_refund_no" text,
	"cause" text NOT NULL,
	"reason" text NOT NULL,
	"status" text DEFAULT 'pending' NOT NULL,
	"failure_code" text,
	"amount_minor" bigint NOT NULL,
	"currency" text NOT NULL,
	"swept_at" timestamp with time zone,
	"settled_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "merchants" ADD COLUMN "sealed_signing_secret" text;--> statement-breakpoint
-- What stands already was opened by the one method there was, and paid whole.
ALTER TABLE "orders" ADD COLUMN "methods" text[];--> statement-breakpoint
UPDATE "orders" SET "methods" = ARRAY["method"];--> statement-breakpoint
ALTER TABLE "orders" ALTER COLUMN "methods" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "orders" ADD COLUMN "capture" text DEFAULT 'automatic' NOT NULL;--> statement-breakpoint
ALTER TABLE "orders" ADD COLUMN "late_payment" text DEFAULT 'refund' NOT NULL;--> statement-breakpoint
ALTER TABLE "orders" ADD COLUMN "payer" jsonb DEFAULT '{}'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "orders" ADD COLUMN "confirm_url" text;--> statement-breakpoint
ALTER TABLE "orders" ADD COLUMN "confirm_seconds" integer;--> statement-breakpoint
ALTER TABLE "orders" ADD COLUMN "confirmation" text;--> statement-breakpoint
ALTER TABLE "orders" ADD COLUMN "captured_minor" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "orders" ADD COLUMN "refunded_minor" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "orders" ADD COLUMN "capture_requested_minor" bigint;--> statement-breakpoint
ALTER TABLE "orders" ADD COLUMN "switch_requested_to" text;--> statement-breakpoint
ALTER TABLE "orders" ADD COLUMN "review_verb" text;--> statement-breakpoint
ALTER TABLE "orders" ADD COLUMN "wished_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "orders" ADD COLUMN "authorized_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "payments" ADD COLUMN "method" text;--> statement-breakpoint
UPDATE "payments" SET "method" = "orders"."method" FROM "orders" WHERE "orders"."id" = "payments"."order_id";--> statement-breakpoint
ALTER TABLE "payments" ALTER COLUMN "method" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "payments" ADD COLUMN "provider_ref" text;--> statement-breakpoint
ALTER TABLE "payments" ADD COLUMN "captured_minor" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "payments" ADD COLUMN "surplus" text;--> statement-breakpoint
UPDATE "payments" SET "captured_minor" = "amount_minor" WHERE "status" = 'succeeded';--> statement-breakpoint
UPDATE "orders" SET "captured_minor" = "amount_minor" WHERE "status" = 'paid';--> statement-breakpoint
UPDATE "payments" SET "surplus" = 'late' FROM "orders"
  WHERE "orders"."id" = "payments"."order_id" AND "payments"."status" = 'succeeded' AND "orders"."status" <> 'paid';--> statement-breakpoint
UPDATE "orders" SET "review_reason" = NULL WHERE "review_reason" = 'late_payment';--> statement-breakpoint
ALTER TABLE "provider_accounts" ADD COLUMN "enabled" boolean DEFAULT true NOT NULL;--> statement-breakpoint
ALTER TABLE "provider_accounts" ADD COLUMN "methods" text[];--> statement-breakpoint
ALTER TABLE "provider_accounts" ADD COLUMN "currencies" text[];--> statement-breakpoint
ALTER TABLE "provider_accounts" ADD COLUMN "least_minor" bigint;--> statement-breakpoint
ALTER TABLE "provider_accounts" ADD COLUMN "most_minor" bigint;--> statement-breakpoint
ALTER TABLE "provider_accounts" ADD COLUMN "priority" integer DEFAULT 100 NOT NULL;--> statement-breakpoint
ALTER TABLE "provider_accounts" ADD COLUMN "weight" integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "provider_notifications" ADD COLUMN "refund_id" text;--> statement-breakpoint
ALTER TABLE "provider_notifications" ADD COLUMN "news" jsonb;--> statement-breakpoint
UPDATE "provider_notifications" SET "news" = CASE "subject"
  WHEN 'refund' THEN jsonb_build_object('kind', 'refund', 'refundNo', '', 'providerRefundNo', NULL)
  ELSE jsonb_build_object('kind', 'payment', 'report', "report") END;--> statement-breakpoint
ALTER TABLE "provider_notifications" ALTER COLUMN "news" SET NOT NULL;--> statement-breakpoint
ALTER TABLE "disputes" ADD CONSTRAINT "disputes_order_id_orders_id_fk" FOREIGN KEY ("order_id") REFERENCES "public"."orders"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "disputes" ADD CONSTRAINT "disputes_payment_id_payments_id_fk" FOREIGN KEY ("payment_id") REFERENCES "public"."payments"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "refunds" ADD CONSTRAINT "refunds_order_id_orders_id_fk" FOREIGN KEY ("order_id") REFERENCES "public"."orders"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "refunds" ADD CONSTRAINT "refunds_payment_id_payments_id_fk" FOREIGN KEY ("payment_id") REFERENCES "public"."payments"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "refunds" ADD CONSTRAINT "refunds_account_id_provider_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."provider_accounts"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "audit_entries_by_resource" ON "audit_entries" USING btree ("resource_id");--> statement-breakpoint
CREATE UNIQUE INDEX "ledger_entries_once" ON "ledger_entries" USING btree ("transaction","book","currency");--> statement-breakpoint
CREATE INDEX "ledger_entries_by_merchant" ON "ledger_entries" USING btree ("merchant_id","account_id");--> statement-breakpoint
CREATE UNIQUE INDEX "disputes_once" ON "disputes" USING btree ("account_id","dispute_no");--> statement-breakpoint
CREATE INDEX "disputes_by_order" ON "disputes" USING btree ("order_id");--> statement-breakpoint
CREATE UNIQUE INDEX "refunds_refund_no" ON "refunds" USING btree ("account_id","refund_no");--> statement-breakpoint
CREATE UNIQUE INDEX "refunds_merchant_refund_no" ON "refunds" USING btree ("merchant_id","merchant_refund_no");--> statement-breakpoint
CREATE INDEX "refunds_by_order" ON "refunds" USING btree ("order_id");--> statement-breakpoint
CREATE INDEX "refunds_open" ON "refunds" USING btree ("created_at") WHERE "refunds"."status" = 'pending';--> statement-breakpoint
CREATE INDEX "orders_wishing" ON "orders" USING btree ("wished_at") WHERE "orders"."wished_at" is not null;--> statement-breakpoint
CREATE INDEX "payments_by_trade_no" ON "payments" USING btree ("account_id","provider_trade_no") WHERE "payments"."provider_trade_no" is not null;--> statement-breakpoint
ALTER TABLE "orders" DROP COLUMN "method";--> statement-breakpoint
ALTER TABLE "provider_notifications" DROP COLUMN "subject";--> statement-breakpoint
ALTER TABLE "provider_notifications" DROP COLUMN "report";