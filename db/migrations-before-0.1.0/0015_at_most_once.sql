-- breaking: an old process sends again what asks to be sent once at the most. Before the first release.
ALTER TABLE "deliveries" ADD COLUMN "is_at_most_once" boolean DEFAULT false NOT NULL;