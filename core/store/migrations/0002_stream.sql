-- Version 2: what a process needs to resume the stream of the one before it (XEP-0198 section 5).

-- The stream that the server may still keep for us. At most one row.
CREATE TABLE stream (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1), -- keeps it one row
    identity BLOB NOT NULL,             -- what names it to the server, in the engine's own encoding
    received INTEGER NOT NULL,          -- stanzas of the server that are handled here, modulo 2^32
    sent INTEGER NOT NULL,              -- stanzas of ours that were committed to be sent in it
    knowledge BLOB NOT NULL             -- rooms entered and archives read to their end, in the engine's own encoding
) STRICT;

-- Messages that were committed to be sent in this stream and are not acknowledged by the server.
CREATE TABLE stream_unacknowledged (
    number INTEGER PRIMARY KEY,         -- which of our stanzas it is, counted from 1
    stanza TEXT NOT NULL                -- its id
) STRICT;
