-- Version 9: others can learn that their messages were shown (XEP-0333).

-- 1: its author wants to know when it was shown. Of what came before this version nobody expects that any more.
ALTER TABLE message ADD COLUMN markable INTEGER NOT NULL DEFAULT 0;
-- The newest message that was shown and whose author was not told yet; NULL if there is none.
ALTER TABLE conversation ADD COLUMN marker INTEGER;

CREATE INDEX conversation_by_marker ON conversation (id) WHERE marker IS NOT NULL;
