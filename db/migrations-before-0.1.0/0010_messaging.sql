-- compatible: tables of its own.
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
CREATE UNIQUE INDEX "messages_key" ON "messages" USING btree ("merchant_id","message_key") WHERE "messages"."message_key" is not null;--> statement-breakpoint
CREATE INDEX "messages_pending" ON "messages" USING btree ("created_at") WHERE "messages"."status" = 'pending';--> statement-breakpoint
CREATE UNIQUE INDEX "sessions_key" ON "sessions" USING btree ("merchant_id","session_key") WHERE "sessions"."session_key" is not null;--> statement-breakpoint
CREATE INDEX "sessions_open" ON "sessions" USING btree ("created_at") WHERE "sessions"."status" = 'open';--> statement-breakpoint
CREATE INDEX "topic_members_by_merchant" ON "topic_members" USING btree ("merchant_id");--> statement-breakpoint
CREATE UNIQUE INDEX "topic_messages_key" ON "topic_messages" USING btree ("topic_id","merchant_id","message_key") WHERE "topic_messages"."message_key" is not null;--> statement-breakpoint
CREATE INDEX "topic_messages_latest" ON "topic_messages" USING btree ("topic_id","key","seq") WHERE "topic_messages"."key" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "topics_name" ON "topics" USING btree ("merchant_id","name");