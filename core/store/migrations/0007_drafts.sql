-- Version 7: what is being written in a conversation is kept with it.

-- What the user has typed and not sent yet; empty if there is nothing.
ALTER TABLE conversation ADD COLUMN draft TEXT NOT NULL DEFAULT '';
