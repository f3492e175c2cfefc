-- compatible: a column with a default, which is what an old process does.
ALTER TABLE "messages" ADD COLUMN "qos" text DEFAULT 'at_least_once' NOT NULL;