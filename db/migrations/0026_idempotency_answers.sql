-- compatible: a table of its own.
CREATE TABLE "idempotency_answers" (
	"merchant_id" text NOT NULL,
	"path" text NOT NULL,
	"key" text NOT NULL,
	"request_hash" text NOT NULL,
	"holder" text NOT NULL,
	"locked_until" timestamp with time zone NOT NULL,
	"status" integer,
	"sealed_answer" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "idempotency_answers_merchant_id_path_key_pk" PRIMARY KEY("merchant_id","path","key")
);
--> statement-breakpoint
CREATE INDEX "idempotency_answers_by_age" ON "idempotency_answers" USING btree ("created_at");