-- Version 6: quarantine is bounded, and what is in it is tried again.

-- What came around the payload, in the engine's own encoding; NULL: nothing can cure it.
ALTER TABLE quarantine ADD COLUMN arrived BLOB;
-- The account that sent it, as long as it belongs to no conversation.
ALTER TABLE quarantine ADD COLUMN sender TEXT;
-- Its place in the timeline, should it be cured.
ALTER TABLE quarantine ADD COLUMN position INTEGER;
-- Bytes that it takes.
ALTER TABLE quarantine ADD COLUMN size INTEGER NOT NULL DEFAULT 0;
UPDATE quarantine SET size = length(data);

-- Bounds are kept by looking at this index alone.
DROP INDEX quarantine_by_conversation;
CREATE INDEX quarantine_by_conversation ON quarantine (conversation, id, size);

-- How many messages can't be read and are not kept, or are no longer.
CREATE TABLE unreadable (
    conversation INTEGER NOT NULL,      -- where they would belong; 0: that is not known
    reason TEXT NOT NULL,               -- as in quarantine
    messages INTEGER NOT NULL,          -- how many
    PRIMARY KEY (conversation, reason)
) STRICT, WITHOUT ROWID;
