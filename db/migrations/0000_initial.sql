-- compatible: the schema of 0.1.0, made of the migrations of `db/migrations-before-0.1.0`.
--
-- A key's thumbprint (RFC 7638, for OKP keys RFC 8037, appendix A.3), as deliveries name it in `webhook-key-id`. Of
-- `whpk_` and the key in base64.
CREATE FUNCTION tender_key_id(key text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT rtrim(translate(encode(sha256(
    ('{"crv":"Ed25519","kty":"OKP","x":"' || rtrim(translate(substr(key, 6), '+/', '-_'), '=') || '"}')::bytea), 'base64'), '+/', '-_'), '=')
$$;
--> statement-breakpoint
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
CREATE TABLE "deliveries" (
	"event_id" text NOT NULL,
	"endpoint_id" text NOT NULL,
	"shard" integer NOT NULL,
	"status" text DEFAULT 'pending' NOT NULL,
	"driver" text NOT NULL,
	"epoch" integer NOT NULL,
	"position" bigint DEFAULT 0 NOT NULL,
	"priority" smallint DEFAULT 1 NOT NULL,
	"order_key" text,
	"is_latest_only" boolean DEFAULT false NOT NULL,
	"is_at_most_once" boolean DEFAULT false NOT NULL,
	"expires_at" timestamp with time zone,
	"attempts" integer DEFAULT 0 NOT NULL,
	"replays" integer DEFAULT 0 NOT NULL,
	"next_attempt_at" timestamp with time zone,
	"last_status_code" integer,
	"last_error" text,
	"end_reason" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"ended_at" timestamp with time zone,
	CONSTRAINT "deliveries_event_id_endpoint_id_pk" PRIMARY KEY("event_id","endpoint_id")
);
--> statement-breakpoint
CREATE TABLE "delivery_attempts" (
	"id" text PRIMARY KEY NOT NULL,
	"event_id" text NOT NULL,
	"endpoint_id" text NOT NULL,
	"attempt" integer NOT NULL,
	"status_code" integer,
	"error" text,
	"response_body" text,
	"response_headers" jsonb,
	"duration_ms" integer NOT NULL,
	"started_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "endpoint_minutes" (
	"endpoint_id" text NOT NULL,
	"minute" timestamp with time zone NOT NULL,
	"sent" integer NOT NULL,
	"delivered" integer NOT NULL,
	"waiting_ms" bigint NOT NULL,
	"transfer_ms" bigint NOT NULL,
	"window" double precision NOT NULL,
	CONSTRAINT "endpoint_minutes_endpoint_id_minute_pk" PRIMARY KEY("endpoint_id","minute")
);
--> statement-breakpoint
CREATE TABLE "endpoints" (
	"id" text PRIMARY KEY NOT NULL,
	"merchant_id" text NOT NULL,
	"url" text NOT NULL,
	"destination" jsonb,
	"description" text,
	"metadata" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"event_types" text[] NOT NULL,
	"channels" text[] DEFAULT '{}' NOT NULL,
	"filter" jsonb,
	"resource_id" text,
	"rules" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"payload" text DEFAULT 'full' NOT NULL,
	"format" text DEFAULT 'json' NOT NULL,
	"payload_version" text DEFAULT '2026-11-01' NOT NULL,
	"ordering" text DEFAULT 'none' NOT NULL,
	"rate_per_second" integer,
	"max_concurrency" integer,
	"retry_seconds" integer[],
	"sealed_access" text,
	"auth" text DEFAULT 'none' NOT NULL,
	"header_names" text[] DEFAULT '{}' NOT NULL,
	"sealed_secret" text NOT NULL,
	"public_key" text,
	"previous_sealed_secret" text,
	"previous_public_key" text,
	"previous_secret_until" timestamp with time zone,
	"status" text DEFAULT 'enabled' NOT NULL,
	"disabled_reason" text,
	"driver" text DEFAULT 'relay' NOT NULL,
	"congestion" jsonb,
	"failing_since" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "portal_links" (
	"token_hash" text PRIMARY KEY NOT NULL,
	"merchant_id" text NOT NULL,
	"id" text,
	"made_by_key" text,
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
	"acknowledged_token" text,
	"lease_token" text,
	"lease_position" bigint,
	"lease_until" timestamp with time zone,
	"acknowledged_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "consumer_groups_merchant_id_name_pk" PRIMARY KEY("merchant_id","name")
);
--> statement-breakpoint
CREATE TABLE "dispatch_cursors" (
	"shard" integer PRIMARY KEY NOT NULL,
	"position" bigint DEFAULT 0 NOT NULL,
	"epoch" integer DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE TABLE "dispatch_shards" (
	"shard" integer PRIMARY KEY NOT NULL,
	"last_position" bigint DEFAULT 0 NOT NULL
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
CREATE TABLE "events" (
	"id" text PRIMARY KEY NOT NULL,
	"seq" bigint GENERATED ALWAYS AS IDENTITY (sequence name "events_seq_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"merchant_id" text NOT NULL,
	"shard" integer NOT NULL,
	"type" text NOT NULL,
	"channels" text[] DEFAULT '{}' NOT NULL,
	"dedupe_key" text,
	"resource_id" text NOT NULL,
	"body" text NOT NULL,
	"position" bigint,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "feed_epochs" (
	"shard" integer NOT NULL,
	"number" integer NOT NULL,
	"tag" text NOT NULL,
	"began_after" bigint NOT NULL,
	"identity" jsonb NOT NULL,
	"began_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "feed_epochs_shard_number_pk" PRIMARY KEY("shard","number")
);
--> statement-breakpoint
CREATE TABLE "heartbeats" (
	"workflow_id" text PRIMARY KEY NOT NULL,
	"seen_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
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
CREATE TABLE "idempotency_keys" (
	"merchant_id" text NOT NULL,
	"key" text NOT NULL,
	"request_hash" text NOT NULL,
	"order_id" text NOT NULL,
	"locked_until" timestamp with time zone NOT NULL,
	"response_status" integer,
	"response_body" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "idempotency_keys_merchant_id_key_pk" PRIMARY KEY("merchant_id","key")
);
--> statement-breakpoint
CREATE TABLE "key_check" (
	"id" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"sealed_value" text NOT NULL,
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
CREATE TABLE "api_keys" (
	"id" text PRIMARY KEY NOT NULL,
	"merchant_id" text NOT NULL,
	"key_hash" text NOT NULL,
	"hint" text NOT NULL,
	"expires_at" timestamp with time zone,
	"revoked_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "api_keys_keyHash_unique" UNIQUE("key_hash")
);
--> statement-breakpoint
CREATE TABLE "merchants" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"shard" integer DEFAULT 0 NOT NULL,
	"sealed_signing_secret" text,
	"endpoints_version" bigint DEFAULT 0 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "contacts" (
	"merchant_id" text NOT NULL,
	"contact_id" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "contacts_merchant_id_contact_id_pk" PRIMARY KEY("merchant_id","contact_id")
);
--> statement-breakpoint
CREATE TABLE "messages" (
	"id" text PRIMARY KEY NOT NULL,
	"merchant_id" text NOT NULL,
	"message_key" text,
	"content_hash" text NOT NULL,
	"to_merchant_id" text NOT NULL,
	"to_endpoint_id" text,
	"subject" text NOT NULL,
	"body" text NOT NULL,
	"qos" text DEFAULT 'at_least_once' NOT NULL,
	"status" text DEFAULT 'pending' NOT NULL,
	"reply" text,
	"reply_via" text,
	"replied_at" timestamp with time zone,
	"late_reply" text,
	"expires_at" timestamp with time zone NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"swept_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "session_messages" (
	"session_id" text NOT NULL,
	"sender" text NOT NULL,
	"id" text NOT NULL,
	"body" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "session_messages_session_id_sender_pk" PRIMARY KEY("session_id","sender")
);
--> statement-breakpoint
CREATE TABLE "sessions" (
	"id" text PRIMARY KEY NOT NULL,
	"merchant_id" text NOT NULL,
	"session_key" text,
	"content_hash" text NOT NULL,
	"first_address" text NOT NULL,
	"first_merchant_id" text NOT NULL,
	"second_address" text NOT NULL,
	"second_merchant_id" text NOT NULL,
	"subject" text NOT NULL,
	"status" text DEFAULT 'open' NOT NULL,
	"closes_at" timestamp with time zone NOT NULL,
	"ended_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"swept_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "topic_members" (
	"topic_id" text NOT NULL,
	"address" text NOT NULL,
	"merchant_id" text NOT NULL,
	"filter" jsonb,
	"cursor" bigint DEFAULT 0 NOT NULL,
	"joined_at" timestamp with time zone DEFAULT now() NOT NULL,
	"last_seen_at" timestamp with time zone,
	CONSTRAINT "topic_members_topic_id_address_pk" PRIMARY KEY("topic_id","address")
);
--> statement-breakpoint
CREATE TABLE "topic_messages" (
	"topic_id" text NOT NULL,
	"seq" bigint NOT NULL,
	"id" text NOT NULL,
	"merchant_id" text NOT NULL,
	"sender" text NOT NULL,
	"key" text,
	"message_key" text,
	"content_hash" text NOT NULL,
	"body" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "topic_messages_topic_id_seq_pk" PRIMARY KEY("topic_id","seq")
);
--> statement-breakpoint
CREATE TABLE "topics" (
	"id" text PRIMARY KEY NOT NULL,
	"merchant_id" text NOT NULL,
	"name" text NOT NULL,
	"last_seq" bigint DEFAULT 0 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "orders" (
	"id" text PRIMARY KEY NOT NULL,
	"merchant_id" text NOT NULL,
	"merchant_order_no" text NOT NULL,
	"request_hash" text NOT NULL,
	"status" text DEFAULT 'pending' NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"amount_minor" bigint NOT NULL,
	"currency" text NOT NULL,
	"subject" text NOT NULL,
	"methods" text[] NOT NULL,
	"capture" text DEFAULT 'automatic' NOT NULL,
	"late_payment" text DEFAULT 'refund' NOT NULL,
	"payer" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"confirm_url" text,
	"confirm_seconds" integer,
	"confirmation" text,
	"captured_minor" bigint DEFAULT 0 NOT NULL,
	"refunded_minor" bigint DEFAULT 0 NOT NULL,
	"metadata" jsonb NOT NULL,
	"checkout_token" text NOT NULL,
	"return_url" text,
	"review_reason" text,
	"review_facts" jsonb,
	"close_reason" text,
	"failure_code" text,
	"swept_at" timestamp with time zone,
	"cancel_requested_at" timestamp with time zone,
	"capture_requested_minor" bigint,
	"switch_requested_to" text,
	"review_verb" text,
	"wished_at" timestamp with time zone,
	"expires_at" timestamp with time zone NOT NULL,
	"authorized_at" timestamp with time zone,
	"paid_at" timestamp with time zone,
	"closed_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "orders_checkoutToken_unique" UNIQUE("checkout_token")
);
--> statement-breakpoint
CREATE TABLE "payments" (
	"id" text PRIMARY KEY NOT NULL,
	"order_id" text NOT NULL,
	"account_id" text NOT NULL,
	"method" text NOT NULL,
	"out_trade_no" text NOT NULL,
	"provider_ref" text,
	"provider_trade_no" text,
	"status" text DEFAULT 'created' NOT NULL,
	"amount_minor" bigint NOT NULL,
	"currency" text NOT NULL,
	"captured_minor" bigint DEFAULT 0 NOT NULL,
	"surplus" text,
	"next_action" jsonb,
	"handle_expires_at" timestamp with time zone,
	"failure_code" text,
	"settled_at" timestamp with time zone,
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
CREATE TABLE "provider_accounts" (
	"id" text PRIMARY KEY NOT NULL,
	"merchant_id" text NOT NULL,
	"provider" text NOT NULL,
	"settings" jsonb NOT NULL,
	"sealed_credentials" text NOT NULL,
	"enabled" boolean DEFAULT true NOT NULL,
	"methods" text[],
	"currencies" text[],
	"least_minor" bigint,
	"most_minor" bigint,
	"priority" integer DEFAULT 100 NOT NULL,
	"weight" integer DEFAULT 1 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "provider_notifications" (
	"id" text PRIMARY KEY NOT NULL,
	"account_id" text NOT NULL,
	"provider_notification_id" text NOT NULL,
	"order_id" text,
	"payment_id" text,
	"refund_id" text,
	"binding" jsonb NOT NULL,
	"news" jsonb NOT NULL,
	"raw_body" text NOT NULL,
	"outcome" text,
	"received_at" timestamp with time zone DEFAULT now() NOT NULL,
	"applied_at" timestamp with time zone
);
--> statement-breakpoint
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
	"note" text,
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
ALTER TABLE "endpoints" ADD CONSTRAINT "endpoints_merchant_id_merchants_id_fk" FOREIGN KEY ("merchant_id") REFERENCES "public"."merchants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "portal_links" ADD CONSTRAINT "portal_links_merchant_id_merchants_id_fk" FOREIGN KEY ("merchant_id") REFERENCES "public"."merchants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "consumer_groups" ADD CONSTRAINT "consumer_groups_merchant_id_merchants_id_fk" FOREIGN KEY ("merchant_id") REFERENCES "public"."merchants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "event_type_definitions" ADD CONSTRAINT "event_type_definitions_merchant_id_merchants_id_fk" FOREIGN KEY ("merchant_id") REFERENCES "public"."merchants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_merchant_id_merchants_id_fk" FOREIGN KEY ("merchant_id") REFERENCES "public"."merchants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "contacts" ADD CONSTRAINT "contacts_merchant_id_merchants_id_fk" FOREIGN KEY ("merchant_id") REFERENCES "public"."merchants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "messages" ADD CONSTRAINT "messages_merchant_id_merchants_id_fk" FOREIGN KEY ("merchant_id") REFERENCES "public"."merchants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "messages" ADD CONSTRAINT "messages_to_merchant_id_merchants_id_fk" FOREIGN KEY ("to_merchant_id") REFERENCES "public"."merchants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "session_messages" ADD CONSTRAINT "session_messages_session_id_sessions_id_fk" FOREIGN KEY ("session_id") REFERENCES "public"."sessions"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_merchant_id_merchants_id_fk" FOREIGN KEY ("merchant_id") REFERENCES "public"."merchants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_first_merchant_id_merchants_id_fk" FOREIGN KEY ("first_merchant_id") REFERENCES "public"."merchants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_second_merchant_id_merchants_id_fk" FOREIGN KEY ("second_merchant_id") REFERENCES "public"."merchants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "topic_members" ADD CONSTRAINT "topic_members_topic_id_topics_id_fk" FOREIGN KEY ("topic_id") REFERENCES "public"."topics"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "topic_members" ADD CONSTRAINT "topic_members_merchant_id_merchants_id_fk" FOREIGN KEY ("merchant_id") REFERENCES "public"."merchants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "topic_messages" ADD CONSTRAINT "topic_messages_topic_id_topics_id_fk" FOREIGN KEY ("topic_id") REFERENCES "public"."topics"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "topics" ADD CONSTRAINT "topics_merchant_id_merchants_id_fk" FOREIGN KEY ("merchant_id") REFERENCES "public"."merchants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "orders" ADD CONSTRAINT "orders_merchant_id_merchants_id_fk" FOREIGN KEY ("merchant_id") REFERENCES "public"."merchants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "payments" ADD CONSTRAINT "payments_order_id_orders_id_fk" FOREIGN KEY ("order_id") REFERENCES "public"."orders"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "payments" ADD CONSTRAINT "payments_account_id_provider_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."provider_accounts"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "provider_accounts" ADD CONSTRAINT "provider_accounts_merchant_id_merchants_id_fk" FOREIGN KEY ("merchant_id") REFERENCES "public"."merchants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "provider_notifications" ADD CONSTRAINT "provider_notifications_account_id_provider_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."provider_accounts"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "differences" ADD CONSTRAINT "differences_reconciliation_id_reconciliations_id_fk" FOREIGN KEY ("reconciliation_id") REFERENCES "public"."reconciliations"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "reconciliations" ADD CONSTRAINT "reconciliations_merchant_id_merchants_id_fk" FOREIGN KEY ("merchant_id") REFERENCES "public"."merchants"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "reconciliations" ADD CONSTRAINT "reconciliations_account_id_provider_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."provider_accounts"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "statement_entries" ADD CONSTRAINT "statement_entries_statement_id_statements_id_fk" FOREIGN KEY ("statement_id") REFERENCES "public"."statements"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "disputes" ADD CONSTRAINT "disputes_order_id_orders_id_fk" FOREIGN KEY ("order_id") REFERENCES "public"."orders"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "disputes" ADD CONSTRAINT "disputes_payment_id_payments_id_fk" FOREIGN KEY ("payment_id") REFERENCES "public"."payments"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "refunds" ADD CONSTRAINT "refunds_order_id_orders_id_fk" FOREIGN KEY ("order_id") REFERENCES "public"."orders"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "refunds" ADD CONSTRAINT "refunds_payment_id_payments_id_fk" FOREIGN KEY ("payment_id") REFERENCES "public"."payments"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "refunds" ADD CONSTRAINT "refunds_account_id_provider_accounts_id_fk" FOREIGN KEY ("account_id") REFERENCES "public"."provider_accounts"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "audit_entries_by_resource" ON "audit_entries" USING btree ("resource_id");--> statement-breakpoint
CREATE INDEX "deliveries_for_relay" ON "deliveries" USING btree ("shard") WHERE "deliveries"."status" = 'pending' and "deliveries"."driver" = 'relay';--> statement-breakpoint
CREATE INDEX "deliveries_for_workflow" ON "deliveries" USING btree ("endpoint_id","priority","position") WHERE "deliveries"."status" = 'pending' and "deliveries"."driver" = 'workflow';--> statement-breakpoint
CREATE INDEX "deliveries_by_order_key" ON "deliveries" USING btree ("endpoint_id","order_key","position") WHERE "deliveries"."status" = 'pending' and "deliveries"."order_key" is not null;--> statement-breakpoint
CREATE INDEX "deliveries_expiring" ON "deliveries" USING btree ("endpoint_id","expires_at") WHERE "deliveries"."status" = 'pending' and "deliveries"."expires_at" is not null;--> statement-breakpoint
CREATE INDEX "deliveries_undelivered" ON "deliveries" USING btree ("endpoint_id","position") WHERE "deliveries"."status" in ('dead', 'dropped');--> statement-breakpoint
CREATE INDEX "delivery_attempts_by_delivery" ON "delivery_attempts" USING btree ("event_id","endpoint_id");--> statement-breakpoint
CREATE INDEX "delivery_attempts_by_endpoint" ON "delivery_attempts" USING btree ("endpoint_id","started_at");--> statement-breakpoint
CREATE INDEX "endpoint_minutes_by_minute" ON "endpoint_minutes" USING btree ("minute");--> statement-breakpoint
CREATE INDEX "endpoints_by_merchant" ON "endpoints" USING btree ("merchant_id");--> statement-breakpoint
CREATE INDEX "endpoints_of_resource" ON "endpoints" USING btree ("resource_id") WHERE "endpoints"."resource_id" is not null;--> statement-breakpoint
CREATE INDEX "endpoints_with_public_keys" ON "endpoints" USING btree ("id") WHERE "endpoints"."public_key" is not null or "endpoints"."previous_public_key" is not null;--> statement-breakpoint
CREATE INDEX "endpoints_by_key_id" ON "endpoints" USING btree (tender_key_id("public_key")) WHERE "endpoints"."public_key" is not null;--> statement-breakpoint
CREATE INDEX "endpoints_by_previous_key_id" ON "endpoints" USING btree (tender_key_id("previous_public_key")) WHERE "endpoints"."previous_public_key" is not null;--> statement-breakpoint
CREATE INDEX "endpoints_in_trouble" ON "endpoints" USING btree ("id") WHERE "endpoints"."driver" = 'workflow';--> statement-breakpoint
CREATE INDEX "endpoints_failing" ON "endpoints" USING btree ("failing_since") WHERE "endpoints"."failing_since" is not null;--> statement-breakpoint
CREATE INDEX "portal_links_by_end" ON "portal_links" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "portal_links_by_merchant" ON "portal_links" USING btree ("merchant_id","id");--> statement-breakpoint
CREATE INDEX "replays_by_merchant" ON "replays" USING btree ("merchant_id","id");--> statement-breakpoint
CREATE INDEX "replays_running" ON "replays" USING btree ("id") WHERE "replays"."status" = 'running';--> statement-breakpoint
CREATE INDEX "events_unnumbered" ON "events" USING btree ("shard","seq") WHERE "events"."position" is null;--> statement-breakpoint
CREATE INDEX "events_unnumbered_of_merchant" ON "events" USING btree ("merchant_id") WHERE "events"."position" is null;--> statement-breakpoint
CREATE UNIQUE INDEX "events_feed" ON "events" USING btree ("merchant_id","position") WHERE "events"."position" is not null;--> statement-breakpoint
CREATE INDEX "events_in_order" ON "events" USING btree ("shard","position") WHERE "events"."position" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "events_dedupe" ON "events" USING btree ("merchant_id","dedupe_key") WHERE "events"."dedupe_key" is not null;--> statement-breakpoint
CREATE INDEX "events_by_resource" ON "events" USING btree ("merchant_id","resource_id","position");--> statement-breakpoint
CREATE INDEX "idempotency_answers_by_age" ON "idempotency_answers" USING btree ("created_at");--> statement-breakpoint
CREATE UNIQUE INDEX "ledger_entries_once" ON "ledger_entries" USING btree ("transaction","book","currency");--> statement-breakpoint
CREATE INDEX "ledger_entries_by_merchant" ON "ledger_entries" USING btree ("merchant_id","account_id");--> statement-breakpoint
CREATE UNIQUE INDEX "messages_key" ON "messages" USING btree ("merchant_id","message_key") WHERE "messages"."message_key" is not null;--> statement-breakpoint
CREATE INDEX "messages_pending" ON "messages" USING btree ("created_at") WHERE "messages"."status" = 'pending';--> statement-breakpoint
CREATE UNIQUE INDEX "sessions_key" ON "sessions" USING btree ("merchant_id","session_key") WHERE "sessions"."session_key" is not null;--> statement-breakpoint
CREATE INDEX "sessions_open" ON "sessions" USING btree ("created_at") WHERE "sessions"."status" = 'open';--> statement-breakpoint
CREATE INDEX "topic_members_by_merchant" ON "topic_members" USING btree ("merchant_id");--> statement-breakpoint
CREATE UNIQUE INDEX "topic_messages_key" ON "topic_messages" USING btree ("topic_id","merchant_id","message_key") WHERE "topic_messages"."message_key" is not null;--> statement-breakpoint
CREATE INDEX "topic_messages_latest" ON "topic_messages" USING btree ("topic_id","key","seq") WHERE "topic_messages"."key" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "topics_name" ON "topics" USING btree ("merchant_id","name");--> statement-breakpoint
CREATE UNIQUE INDEX "orders_merchant_order_no" ON "orders" USING btree ("merchant_id","merchant_order_no");--> statement-breakpoint
CREATE INDEX "orders_by_merchant" ON "orders" USING btree ("merchant_id","id");--> statement-breakpoint
CREATE INDEX "orders_open" ON "orders" USING btree ("created_at") WHERE "orders"."status" in ('pending', 'authorized', 'review');--> statement-breakpoint
CREATE INDEX "orders_unconfirmed" ON "orders" USING btree ("paid_at") WHERE "orders"."confirmation" = 'awaited';--> statement-breakpoint
CREATE INDEX "orders_wishing" ON "orders" USING btree ("wished_at") WHERE "orders"."wished_at" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "payments_out_trade_no" ON "payments" USING btree ("account_id","out_trade_no");--> statement-breakpoint
CREATE INDEX "payments_by_order" ON "payments" USING btree ("order_id");--> statement-breakpoint
CREATE INDEX "payments_by_trade_no" ON "payments" USING btree ("account_id","provider_trade_no") WHERE "payments"."provider_trade_no" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "provider_notifications_once" ON "provider_notifications" USING btree ("account_id","provider_notification_id");--> statement-breakpoint
CREATE INDEX "provider_notifications_waiting" ON "provider_notifications" USING btree ("received_at") WHERE "provider_notifications"."applied_at" is null;--> statement-breakpoint
CREATE UNIQUE INDEX "differences_once" ON "differences" USING btree ("account_id","about","number","kind");--> statement-breakpoint
CREATE INDEX "differences_by_reconciliation" ON "differences" USING btree ("reconciliation_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "reconciliations_of_day" ON "reconciliations" USING btree ("account_id","date");--> statement-breakpoint
CREATE INDEX "reconciliations_by_merchant" ON "reconciliations" USING btree ("merchant_id","id");--> statement-breakpoint
CREATE INDEX "statement_entries_by_number" ON "statement_entries" USING btree ("account_id","kind","number");--> statement-breakpoint
CREATE UNIQUE INDEX "statements_current" ON "statements" USING btree ("account_id","date") WHERE "statements"."loaded_at" is not null;--> statement-breakpoint
CREATE INDEX "statements_of_day" ON "statements" USING btree ("account_id","date");--> statement-breakpoint
CREATE UNIQUE INDEX "disputes_once" ON "disputes" USING btree ("account_id","dispute_no");--> statement-breakpoint
CREATE INDEX "disputes_by_order" ON "disputes" USING btree ("order_id");--> statement-breakpoint
CREATE UNIQUE INDEX "refunds_refund_no" ON "refunds" USING btree ("account_id","refund_no");--> statement-breakpoint
CREATE UNIQUE INDEX "refunds_merchant_refund_no" ON "refunds" USING btree ("merchant_id","merchant_refund_no");--> statement-breakpoint
CREATE INDEX "refunds_by_order" ON "refunds" USING btree ("order_id");--> statement-breakpoint
CREATE INDEX "refunds_open" ON "refunds" USING btree ("created_at") WHERE "refunds"."status" = 'pending';
--> statement-breakpoint
-- What a day's comparison looks for: movements by when they settled, and the ledger by what moved.
CREATE INDEX "payments_by_settled" ON "payments" ("account_id", "settled_at") WHERE "settled_at" IS NOT NULL;
--> statement-breakpoint
CREATE INDEX "refunds_by_settled" ON "refunds" ("account_id", "settled_at") WHERE "settled_at" IS NOT NULL;
--> statement-breakpoint
CREATE INDEX "ledger_entries_by_mover" ON "ledger_entries" (split_part("transaction", ':', 2));
--> statement-breakpoint
-- Readers wait on LISTEN instead of polling. Triggers, so that no writer can forget to tell them.
CREATE FUNCTION tender_notify_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('tender_orders', NEW.id);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER orders_changed AFTER UPDATE ON "orders" FOR EACH ROW
  WHEN (OLD.version IS DISTINCT FROM NEW.version) EXECUTE FUNCTION tender_notify_order();
--> statement-breakpoint
-- The relay is told of what has no position yet; of what has one, it and the feed's readers are told by the
-- row that counts them, in the same commit.
CREATE FUNCTION tender_notify_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('tender_events', NEW.shard::text);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER events_added AFTER INSERT ON "events" FOR EACH ROW
  WHEN (NEW.position IS NULL) EXECUTE FUNCTION tender_notify_event();
--> statement-breakpoint
CREATE FUNCTION tender_notify_feed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('tender_feed', NEW.shard::text);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER feed_advanced AFTER UPDATE ON "dispatch_shards" FOR EACH ROW
  WHEN (OLD.last_position IS DISTINCT FROM NEW.last_position) EXECUTE FUNCTION tender_notify_feed();
--> statement-breakpoint
-- The books balance, and stay as they were written, whatever writes into them.
CREATE FUNCTION tender_check_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  off bigint;
BEGIN
  SELECT sum(amount_minor) INTO off FROM ledger_entries
    WHERE transaction = NEW.transaction AND currency = NEW.currency;
  IF off <> 0 THEN
    RAISE EXCEPTION 'ledger transaction % is off by % %', NEW.transaction, off, NEW.currency
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE CONSTRAINT TRIGGER ledger_balances AFTER INSERT ON "ledger_entries"
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION tender_check_balance();
--> statement-breakpoint
CREATE FUNCTION tender_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
--> statement-breakpoint
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE ON "ledger_entries"
  FOR EACH ROW EXECUTE FUNCTION tender_refuse_change();
--> statement-breakpoint
CREATE TRIGGER ledger_not_truncated BEFORE TRUNCATE ON "ledger_entries"
  FOR EACH STATEMENT EXECUTE FUNCTION tender_refuse_change();
--> statement-breakpoint
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON "audit_entries"
  FOR EACH ROW EXECUTE FUNCTION tender_refuse_change();
--> statement-breakpoint
-- Readers of a run wait on the channel that those of orders wait on, under the run's own id.
CREATE TRIGGER reconciliations_changed AFTER UPDATE ON "reconciliations" FOR EACH ROW
  EXECUTE FUNCTION tender_notify_order();
--> statement-breakpoint
-- Whoever keeps a merchant's compiled endpoints sees by its version that they are stale. What deliveries
-- change of an endpoint (delivery owner, window, failing since) is no change of what it wants.
CREATE FUNCTION tender_version_endpoints() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- The endpoint of one order is looked up by the order.
  IF coalesce(NEW.resource_id, OLD.resource_id) IS NOT NULL THEN RETURN NULL; END IF;
  UPDATE merchants SET endpoints_version = endpoints_version + 1
    WHERE id = coalesce(NEW.merchant_id, OLD.merchant_id);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER endpoints_added_or_removed AFTER INSERT OR DELETE ON "endpoints" FOR EACH ROW
  EXECUTE FUNCTION tender_version_endpoints();
--> statement-breakpoint
CREATE TRIGGER endpoints_changed AFTER UPDATE ON "endpoints" FOR EACH ROW
  WHEN (OLD.updated_at IS DISTINCT FROM NEW.updated_at OR OLD.status IS DISTINCT FROM NEW.status)
  EXECUTE FUNCTION tender_version_endpoints();
--> statement-breakpoint
-- Whoever waits for a reply, for the other side of a session or for a topic's next message is told by its id.
CREATE FUNCTION tender_notify_messaging() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('tender_messaging', NEW.id);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER messages_changed AFTER UPDATE ON "messages" FOR EACH ROW
  WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION tender_notify_messaging();
--> statement-breakpoint
CREATE TRIGGER sessions_changed AFTER UPDATE ON "sessions" FOR EACH ROW
  WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION tender_notify_messaging();
--> statement-breakpoint
CREATE TRIGGER topics_changed AFTER UPDATE ON "topics" FOR EACH ROW
  WHEN (OLD.last_seq IS DISTINCT FROM NEW.last_seq) EXECUTE FUNCTION tender_notify_messaging();
--> statement-breakpoint
CREATE FUNCTION tender_notify_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('tender_messaging', NEW.session_id);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER session_messages_added AFTER INSERT ON "session_messages" FOR EACH ROW
  EXECUTE FUNCTION tender_notify_session();
--> statement-breakpoint
-- Whatever is held open on behalf of a key hears of its end, whoever ends it.
CREATE FUNCTION tender_notify_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('tender_keys', OLD.id);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER api_keys_ended AFTER UPDATE ON "api_keys" FOR EACH ROW
  WHEN (OLD.revoked_at IS DISTINCT FROM NEW.revoked_at OR OLD.expires_at IS DISTINCT FROM NEW.expires_at)
  EXECUTE FUNCTION tender_notify_key();
--> statement-breakpoint
CREATE TRIGGER api_keys_removed AFTER DELETE ON "api_keys" FOR EACH ROW
  EXECUTE FUNCTION tender_notify_key();
