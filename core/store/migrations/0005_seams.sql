-- Version 5: seams can be filled, from their newer end.

-- Positions from here up, and below those of what comes after the gap, are given away already. Filling goes downwards.
ALTER TABLE archive_gap ADD COLUMN ceiling INTEGER NOT NULL DEFAULT 0;
-- Until now every gap reserved 2^20 positions and used none of them.
UPDATE archive_gap SET ceiling = position + 1048576;
