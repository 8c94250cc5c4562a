-- Version 12: the texts of one device stand in the order in which it sent them.

-- Which device wrote it, 8 bytes, and the number that it gave it: greater than those of its texts before. NULL where nobody
-- said so: what travelled in plain, and what came before this version.
ALTER TABLE message ADD COLUMN device BLOB;
ALTER TABLE message ADD COLUMN sequence INTEGER;
-- The last number that this device gave to a text of its own.
ALTER TABLE counter ADD COLUMN sequence INTEGER NOT NULL DEFAULT 0;
