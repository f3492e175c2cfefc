-- compatible: adds a field to an object of which an old process reads the others.
--
-- Windows kept from before failures of one flight were counted as one.
UPDATE "endpoints" SET "congestion" = "congestion" || '{"losses": 0}' WHERE "congestion" IS NOT NULL;
