-- The schema of version 12, as the migrations make it. Written by a test; change it by a migration.

CREATE TABLE account (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1), -- keeps it one row
    address TEXT NOT NULL,              -- bare JID
    device BLOB NOT NULL,               -- our device id, 8 bytes
    identity_public BLOB NOT NULL,      -- account identity key, Ed25519, public half, 32 bytes
    identity_secret BLOB NOT NULL,      -- the secret half
    signature_public BLOB NOT NULL,     -- public half of this device's MLS signature key; the secret half is in mls_value
    created_at INTEGER NOT NULL,        -- when the account was added on this device
    serial INTEGER NOT NULL,            -- serial number of our device list
    devices_published INTEGER NOT NULL  -- 1 once the server has our device list of this serial
) STRICT;

CREATE TABLE archive_cursor (
    archive TEXT PRIMARY KEY,           -- the room, or '' for our own account's archive
    archive_id TEXT NOT NULL            -- id of the last message stored, quarantined or skipped
) STRICT, WITHOUT ROWID;

CREATE TABLE archive_gap (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- never used twice
    archive TEXT NOT NULL,              -- as in archive_cursor
    after_id TEXT,                      -- last id before the gap; NULL: since the beginning
    before_id TEXT,                     -- first id after the gap; NULL: not known
    position INTEGER NOT NULL           -- where the seam stands; first of the positions reserved for filling it
, ceiling INTEGER NOT NULL DEFAULT 0) STRICT;

CREATE INDEX archive_gap_by_archive ON archive_gap (archive);

CREATE TABLE conversation (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- never used twice
    kind INTEGER NOT NULL,              -- ConversationKind
    address TEXT NOT NULL UNIQUE,       -- the contact, or the room
    name TEXT,                          -- what the group calls itself
    security INTEGER NOT NULL,          -- Security of what is sent now
    state INTEGER NOT NULL,             -- ConversationState
    failure TEXT,                       -- ErrorCode, if something needs attention
    created_at INTEGER NOT NULL,        -- when it was made here
    group_id BLOB,                      -- the MLS group in use, 16 bytes
    read_place INTEGER NOT NULL DEFAULT 0, -- messages up to this place are read
    unread INTEGER NOT NULL DEFAULT 0,  -- incoming messages after read_place, kept up to date with every change
    last_activity INTEGER,              -- time of the newest message
    revision INTEGER NOT NULL           -- of the last change to this row
, draft TEXT NOT NULL DEFAULT '', marker INTEGER, owned INTEGER) STRICT;

CREATE INDEX conversation_by_group ON conversation (group_id) WHERE group_id IS NOT NULL;

CREATE INDEX conversation_by_marker ON conversation (id) WHERE marker IS NOT NULL;

CREATE TABLE counter (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1), -- keeps it one row
    revision INTEGER NOT NULL,                         -- last revision given to a change that an app can see
    position INTEGER NOT NULL                          -- last position given to a message or reserved by a gap
, sequence INTEGER NOT NULL DEFAULT 0) STRICT;

CREATE TABLE intent (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- order within a conversation; never used twice
    conversation INTEGER NOT NULL REFERENCES conversation (id) ON DELETE CASCADE, -- where
    item BLOB NOT NULL,                 -- the wish, in the engine's own encoding
    created_at INTEGER NOT NULL,        -- when it was asked for
    attempts INTEGER NOT NULL DEFAULT 0 -- how often it was tried
) STRICT;

CREATE INDEX intent_by_conversation ON intent (conversation, id);

CREATE TABLE key_package (
    reference BLOB PRIMARY KEY,         -- KeyPackageRef (RFC 9420 section 5.2)
    slot INTEGER NOT NULL,              -- item on the server that it is published in
    data BLOB NOT NULL,                 -- the KeyPackage
    created_at INTEGER NOT NULL,        -- when it was made
    published INTEGER NOT NULL,         -- 1: the server has it
    used_at INTEGER,                    -- when the first Welcome for it came
    delete_after INTEGER                -- NULL: in its slot; else: replaced, the private half goes at this time
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX key_package_by_slot ON key_package (slot) WHERE delete_after IS NULL;

CREATE TABLE member (
    conversation INTEGER NOT NULL REFERENCES conversation (id) ON DELETE CASCADE, -- where
    address TEXT NOT NULL,              -- who
    PRIMARY KEY (conversation, address)
) STRICT, WITHOUT ROWID;

CREATE TABLE message (
    row INTEGER PRIMARY KEY AUTOINCREMENT, -- in order of arrival here; never used twice
    conversation INTEGER NOT NULL REFERENCES conversation (id) ON DELETE CASCADE, -- where it belongs
    id TEXT NOT NULL,                   -- MessageId, chosen by the sender
    sender_kind INTEGER NOT NULL,       -- 0: sender is the address of an account, 1: the nick of a room's occupant
    sender TEXT NOT NULL,               -- see sender_kind
    stanza TEXT,                        -- id of the stanza that carried it
    archive TEXT,                       -- id in the archive that is responsible for the conversation
    outgoing INTEGER NOT NULL,          -- 1: ours
    security INTEGER NOT NULL,          -- Security with which it travelled
    text TEXT NOT NULL,                 -- what it says
    sent_at INTEGER NOT NULL,           -- when it was sent, as the server noted it
    received_at INTEGER NOT NULL,       -- when this device stored it
    place INTEGER NOT NULL,             -- order in the timeline: its position, or 2^62 + row while it has none
    state INTEGER NOT NULL,             -- DeliveryState
    failure TEXT,                       -- ErrorCode, why it can't be sent
    delivered_to INTEGER NOT NULL DEFAULT 0, -- accounts that have it
    displayed_by INTEGER NOT NULL DEFAULT 0, -- accounts that have shown it
    receipt_due INTEGER NOT NULL,       -- 1: our receipt for it was not sent yet
    revision INTEGER NOT NULL           -- of the last change to this row
, markable INTEGER NOT NULL DEFAULT 0, device BLOB, sequence INTEGER) STRICT;

CREATE INDEX message_by_due_receipt ON message (conversation) WHERE receipt_due = 1;

CREATE UNIQUE INDEX message_by_id ON message (conversation, id, sender_kind, sender);

CREATE INDEX message_by_place ON message (conversation, place, outgoing);

CREATE INDEX message_by_revision ON message (revision);

CREATE INDEX message_by_stanza ON message (conversation, stanza) WHERE stanza IS NOT NULL;

CREATE TRIGGER message_search_delete AFTER DELETE ON message BEGIN
    INSERT INTO message_search (message_search, rowid, text) VALUES ('delete', old.row, old.text);
END;

CREATE TRIGGER message_search_update AFTER UPDATE OF text ON message BEGIN
    INSERT INTO message_search (message_search, rowid, text) VALUES ('delete', old.row, old.text);
    INSERT INTO message_search (rowid, text) VALUES (new.row, new.text);
END;

CREATE VIRTUAL TABLE message_search USING fts5 (
    text,
    content = 'message',
    content_rowid = 'row',
    tokenize = 'unicode61 remove_diacritics 2',
    prefix = '2 3',
    columnsize = 0
);

CREATE TABLE mls_group (
    id BLOB PRIMARY KEY,                -- MLS group id, 16 bytes
    conversation INTEGER NOT NULL REFERENCES conversation (id) ON DELETE CASCADE, -- where its messages are shown
    room TEXT,                          -- room that orders its commits; NULL in direct chats
    epoch INTEGER NOT NULL,             -- the epoch that we are in
    joined_epoch INTEGER NOT NULL,      -- the first epoch that we can read
    state INTEGER NOT NULL,             -- GroupState
    pending_stanza TEXT,                -- id of the stanza with our commit that waits for its place in the archive
    pending_data BLOB,                  -- that commit
    pending_welcomes BLOB,              -- what to do once it is ordered, in the engine's own encoding
    pending_sent INTEGER                -- 1: it was handed to a session
) STRICT;

CREATE INDEX mls_group_by_conversation ON mls_group (conversation);

CREATE INDEX mls_group_by_room ON mls_group (room) WHERE room IS NOT NULL;

CREATE TABLE mls_snapshot (
    group_key BLOB NOT NULL,            -- the group's id
    epoch INTEGER NOT NULL,             -- which epoch
    taken_at INTEGER NOT NULL,          -- when it ended for us
    PRIMARY KEY (group_key, epoch)
) STRICT, WITHOUT ROWID;

CREATE TABLE mls_value (
    id INTEGER PRIMARY KEY,             -- order of insertion, which is the order of lists
    group_key BLOB NOT NULL,            -- the group's id; empty for what belongs to no group
    namespace INTEGER NOT NULL,         -- 0: live; otherwise the snapshot of epoch namespace - 1
    label INTEGER NOT NULL,             -- Label: what kind of value
    key BLOB NOT NULL,                  -- which one of its kind; empty if there is only one
    value BLOB NOT NULL                 -- CBOR
) STRICT;

CREATE UNIQUE INDEX mls_value_by_key ON mls_value (group_key, namespace, label, key);

CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- order of sending within a conversation; never used twice
    conversation INTEGER NOT NULL REFERENCES conversation (id) ON DELETE CASCADE, -- where to
    message INTEGER REFERENCES message (row) ON DELETE CASCADE, -- the timeline message, if it is one
    urgent INTEGER NOT NULL DEFAULT 0,  -- 1: goes before the others (an invitation, before what it lets read)
    item BLOB NOT NULL,                 -- what to send, in the engine's own encoding
    stanza TEXT,                        -- id of the stanza, once sealed
    sealed BLOB,                        -- ciphertext, once sealed: every repeat carries the same bytes
    epoch INTEGER,                      -- MLS epoch of the ciphertext
    state INTEGER NOT NULL,             -- OutboxState
    attempts INTEGER NOT NULL DEFAULT 0, -- how often it was sealed
    created_at INTEGER NOT NULL         -- when it was asked for
, handed_over INTEGER NOT NULL DEFAULT 0) STRICT;

CREATE INDEX outbox_by_conversation ON outbox (conversation, state, urgent DESC, id);

CREATE INDEX outbox_by_message ON outbox (message) WHERE message IS NOT NULL;

CREATE INDEX outbox_by_stanza ON outbox (stanza) WHERE stanza IS NOT NULL;

CREATE TABLE peer (
    address TEXT PRIMARY KEY,           -- who
    identity BLOB,                      -- the identity key that we saw first and hold on to, 32 bytes
    devices BLOB,                       -- the account's signed device list as fetched
    serial INTEGER NOT NULL DEFAULT 0,  -- serial number of that list
    fetched_at INTEGER,                 -- when it was fetched
    encrypts INTEGER NOT NULL DEFAULT 0 -- 1: has published keys
) STRICT, WITHOUT ROWID;

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

CREATE UNIQUE INDEX push_registration_by_place ON push_registration (service, node);

CREATE UNIQUE INDEX push_registration_by_wanted ON push_registration (wanted) WHERE wanted = 1;

CREATE TABLE quarantine (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- in order of arrival; never used twice
    conversation INTEGER REFERENCES conversation (id) ON DELETE CASCADE, -- where it would belong, if that is known
    archive TEXT NOT NULL,              -- as in archive_cursor
    archive_id TEXT,                    -- id in that archive
    stanza TEXT,                        -- id of the stanza
    reason TEXT NOT NULL,               -- short code; nothing private
    data BLOB NOT NULL,                 -- the payload
    received_at INTEGER NOT NULL,       -- when this device stored it
    attempts INTEGER NOT NULL DEFAULT 1 -- how often it was tried
, arrived BLOB, sender TEXT, position INTEGER, size INTEGER NOT NULL DEFAULT 0) STRICT;

CREATE UNIQUE INDEX quarantine_by_archive ON quarantine (archive, archive_id) WHERE archive_id IS NOT NULL;

CREATE INDEX quarantine_by_conversation ON quarantine (conversation, id, size);

CREATE TABLE receipt (
    message INTEGER NOT NULL REFERENCES message (row) ON DELETE CASCADE, -- our message
    who TEXT NOT NULL,                  -- account that acknowledged it
    delivered_at INTEGER NOT NULL,      -- when we learned that it has the message
    displayed_at INTEGER,               -- when we learned that it has shown the message
    PRIMARY KEY (message, who)
) STRICT, WITHOUT ROWID;

CREATE TABLE server_facts (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1), -- keeps it one row
    room_service TEXT,                  -- address of its room service (XEP-0045), if it has one
    archive INTEGER NOT NULL,           -- 1: it keeps an archive for our account (XEP-0313)
    pep INTEGER NOT NULL,               -- 1: it can store our key packages (XEP-0163)
    carbons INTEGER NOT NULL,           -- 1: it copies our messages to all our devices (XEP-0280)
    known INTEGER NOT NULL              -- 1: it was asked, the columns above are answers
, push INTEGER) STRICT;

CREATE TABLE setting (
    name TEXT PRIMARY KEY,              -- chosen by the layer that uses it
    value BLOB NOT NULL                 -- in that layer's encoding
) STRICT, WITHOUT ROWID;

CREATE TABLE stream (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1), -- keeps it one row
    identity BLOB NOT NULL,             -- what names it to the server, in the engine's own encoding
    received INTEGER NOT NULL,          -- stanzas of the server that are handled here, modulo 2^32
    sent INTEGER NOT NULL,              -- stanzas of ours that were committed to be sent in it
    knowledge BLOB NOT NULL             -- rooms entered and archives read to their end, in the engine's own encoding
) STRICT;

CREATE TABLE stream_unacknowledged (
    number INTEGER PRIMARY KEY,         -- which of our stanzas it is, counted from 1
    stanza TEXT NOT NULL                -- its id
) STRICT;

CREATE TABLE unreadable (
    conversation INTEGER NOT NULL,      -- where they would belong; 0: that is not known
    reason TEXT NOT NULL,               -- as in quarantine
    messages INTEGER NOT NULL,          -- how many
    PRIMARY KEY (conversation, reason)
) STRICT, WITHOUT ROWID;

CREATE TABLE usage (
    day INTEGER NOT NULL,               -- days since 1970-01-01, UTC
    situation INTEGER NOT NULL,         -- Situation
    milliseconds INTEGER NOT NULL,      -- time for which the account was open
    bytes_up INTEGER NOT NULL,          -- bytes sent, TLS included
    bytes_down INTEGER NOT NULL,        -- bytes received
    connects INTEGER NOT NULL,          -- connections opened
    flights INTEGER NOT NULL,           -- round trips waited for
    wakes INTEGER NOT NULL,             -- timers that fired
    PRIMARY KEY (day, situation)
) STRICT, WITHOUT ROWID;
