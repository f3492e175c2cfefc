-- compatible: a table of its own
CREATE TABLE "feed_epochs" (
	"shard" integer NOT NULL,
	"number" integer NOT NULL,
	"tag" text NOT NULL,
	"began_after" bigint NOT NULL,
	"identity" jsonb NOT NULL,
	"began_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "feed_epochs_shard_number_pk" PRIMARY KEY("shard","number")
);
