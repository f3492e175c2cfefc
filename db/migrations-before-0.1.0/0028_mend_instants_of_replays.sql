-- compatible: years before 1970, which no event has, are taken no more; those that were are read wrongly for ever.
UPDATE "replays" SET "since" = '1970-01-01T00:00:00Z' WHERE "since" < '1970-01-01T00:00:00Z';
--> statement-breakpoint
UPDATE "replays" SET "until" = '1970-01-01T00:00:00Z' WHERE "until" < '1970-01-01T00:00:00Z';
