-- compatible: a table of its own
CREATE TABLE "key_check" (
	"id" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"sealed_value" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
