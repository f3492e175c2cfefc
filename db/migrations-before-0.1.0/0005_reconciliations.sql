-- compatible: tables of its own.
CREATE TABLE "differences" (
	"id" text PRIMARY KEY NOT NULL,
	"merchant_id" text NOT NULL,
	"reconciliation_id" text NOT NULL,
	"account_id" text NOT NULL,
	"kind" text NOT NULL,
	"about" text NOT NULL,
	"number" text NOT NULL,
	"out_trade_no" text,
	"provider_trade_no" text,
	"provider_refund_no" text,
	"order_id" text,
	"payment_id" text,
	"refund_id" text,
	"ours_status" text,
	"ours_minor" bigint,
	"ours_currency" text,
	"ledger_minor" bigint,
	"theirs_minor" bigint,
	"theirs_currency" text,
	"their_lines" integer,
	"status" text DEFAULT 'open' NOT NULL,
	"round" integer NOT NULL,
	"note" text,
	"heal_tried_round" integer,
	"healed_by" text,
	"healed_at" timestamp with time zone,
	"acknowledged_by" text,
	"acknowledged_note" text,
	"acknowledged_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "reconciliations" (
	"id" text PRIMARY KEY NOT NULL,
	"merchant_id" text NOT NULL,
	"account_id" text NOT NULL,
	"date" date NOT NULL,
	"status" text DEFAULT 'running' NOT NULL,
	"trigger" text NOT NULL,
	"round" integer DEFAULT 0 NOT NULL,
	"entry_count" integer DEFAULT 0 NOT NULL,
	"matched_count" integer DEFAULT 0 NOT NULL,
	"healed_count" integer DEFAULT 0 NOT NULL,
	"difference_count" integer DEFAULT 0 NOT NULL,
	"failure" text,
	"started_at" timestamp with time zone DEFAULT now() NOT NULL,
	"ended_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "statement_entries" (
	"statement_id" bigint NOT NULL,
	"line" integer NOT NULL,
	"account_id" text NOT NULL,
	"kind" text NOT NULL,
	"number" text NOT NULL,
	"out_trade_no" text NOT NULL,
	"provider_trade_no" text NOT NULL,
	"provider_refund_no" text,
	"amount_minor" bigint NOT NULL,
	"currency" text NOT NULL,
	"fee_minor" bigint,
	"at" timestamp with time zone NOT NULL,
	"is_overruled" boolean DEFAULT false NOT NULL,
	CONSTRAINT "statement_entries_statement_id_line_pk" PRIMARY KEY("statement_id","line")
);
--> statement-breakpoint
CREATE TABLE "statements" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "statements_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"account_id" text NOT NULL,
	"date" date NOT NULL,
	"entry_count" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"loaded_at" timestamp with time zone
);
--> statement-breakpoint
ALTER TABLE "differences" ADD CONSTRAINT "differences_reconciliation_id_reconciliations_id_fk" FOREIGN KEY ("reconciliation_id") REFERENCES "public"."reconciliations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "reconciliations" ADD CONSTRAINT "reconciliations_merchant_id_merchants_id_fk" FOREIGN KEY ("merchant_id") REFERENCES "public"."merchants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "reconciliations" ADD CONSTRAINT "reconciliations_account_id_provider_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."provider_accounts"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "statement_entries" ADD CONSTRAINT "statement_entries_statement_id_statements_id_fk" FOREIGN KEY ("statement_id") REFERENCES "public"."statements"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "differences_once" ON "differences" USING btree ("account_id","about","number","kind");--> statement-breakpoint
CREATE INDEX "differences_by_reconciliation" ON "differences" USING btree ("reconciliation_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "reconciliations_of_day" ON "reconciliations" USING btree ("account_id","date");--> statement-breakpoint
CREATE INDEX "reconciliations_by_merchant" ON "reconciliations" USING btree ("merchant_id","id");--> statement-breakpoint
CREATE INDEX "statement_entries_by_number" ON "statement_entries" USING btree ("account_id","kind","number");--> statement-breakpoint
CREATE UNIQUE INDEX "statements_current" ON "statements" USING btree ("account_id","date") WHERE "statements"."loaded_at" is not null;--> statement-breakpoint
CREATE INDEX "statements_of_day" ON "statements" USING btree ("account_id","date");