-- compatible: a table of its own.
CREATE TABLE "heartbeats" (
	"workflow_id" text PRIMARY KEY NOT NULL,
	"seen_at" timestamp with time zone NOT NULL
);
