-- Whether the server can announce messages to sleeping devices.
ALTER TABLE server_facts ADD COLUMN push INTEGER; -- 1: XEP-0357; 0: it can't; NULL: it was not asked

-- Where the server is to announce that something came (XEP-0357), and where no longer.
CREATE TABLE push_registration (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- never used twice, so that a late answer about an older row means nothing
    service TEXT NOT NULL,              -- address of the push service
    node TEXT NOT NULL,                 -- node there; opaque
    options BLOB NOT NULL,              -- options to publish with, in the engine's own encoding; opaque
    wanted INTEGER NOT NULL,            -- 1: the app wants it; 0: it is to be taken back from the server
    told INTEGER NOT NULL,              -- 1: a server may know of it
    confirmed INTEGER NOT NULL,         -- 1: the server has confirmed it in the last session
    failure TEXT                        -- ErrorCode, why the server did not; NULL as long as it has not refused
) STRICT;
-- The app wants one place at most.
CREATE UNIQUE INDEX push_registration_by_wanted ON push_registration (wanted) WHERE wanted = 1;
-- A server knows a place by its service and node.
CREATE UNIQUE INDEX push_registration_by_place ON push_registration (service, node);
