-- Version 11: whether we may change who is in a group is known without loading the group.

-- 1: ours, 0: somebody else's or no encrypted group; NULL: the version before did not note it, the engine looks it up.
ALTER TABLE conversation ADD COLUMN owned INTEGER;

UPDATE conversation SET owned = 0 WHERE kind <> 1;
-- One that has no MLS group yet is being made here.
UPDATE conversation SET owned = 1 WHERE kind = 1 AND group_id IS NULL;
