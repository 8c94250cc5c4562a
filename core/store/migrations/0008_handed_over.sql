-- Version 8: a person can ask why a message was not delivered yet.

-- How often it was handed to a session; a repeat of the same bytes counts.
ALTER TABLE outbox ADD COLUMN handed_over INTEGER NOT NULL DEFAULT 0;
-- Of what is under way it is known only that it was, once for each time it was sealed.
UPDATE outbox SET handed_over = attempts WHERE state > 0;
