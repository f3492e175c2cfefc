-- compatible: a table of its own.
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
CREATE INDEX "endpoint_minutes_by_minute" ON "endpoint_minutes" USING btree ("minute");