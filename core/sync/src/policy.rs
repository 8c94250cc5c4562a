//! Every limit and interval of the engine, with its reason, in one place.

use std::time::Duration;

/// Retry delay after the first failed connection; doubles up to [`BACKOFF_MAX`]. One second: a flapping cell is back by
/// then, and a restarted server is not hit by everybody at once because of the jitter.
pub const BACKOFF_FIRST: Duration = Duration::from_secs(1);

/// Longest retry delay. Five minutes: a phone in the field must not sleep through a network that came back unannounced,
/// and twelve tries an hour cost little; a signal from the operating system resets it anyway.
pub const BACKOFF_MAX: Duration = Duration::from_mins(5);

/// How long receipts wait for company (a text of ours, or more receipts) while the app is in front. Two seconds: long
/// enough to gather a burst, short enough to look live (bundling is the only batching that works everywhere).
pub const RECEIPT_DELAY_FOREGROUND: Duration = Duration::from_secs(2);

/// The same while the app is behind: receipts are never worth a radio wake of their own.
pub const RECEIPT_DELAY_BACKGROUND: Duration = Duration::from_mins(10);

/// Groups up to this size acknowledge each message; above, receipts would outweigh the messages.
pub const RECEIPT_MEMBERS_MAX: usize = 16;

/// Receipts in one message at most: keeps it below one padding bucket of 4096 bytes.
pub const RECEIPTS_PER_MESSAGE: usize = 48;

/// Archive items asked for at once. Prosody caps at 50, ejabberd at 250; asking for more costs nothing.
pub const ARCHIVE_PAGE: u16 = 250;

/// Messages of one conversation in flight at once: bounds what a lost connection repeats.
pub const OUTBOX_WINDOW: usize = 64;

/// Past epochs whose keys are kept for messages that were overtaken by a commit.
pub const PAST_EPOCHS: usize = 5;

/// And for how long at most.
pub const PAST_EPOCH_AGE: Duration = Duration::from_hours(7 * 24);

/// How often one change to a group is tried again after losing the race, before the app is told.
pub const COMMIT_TRIES: u32 = 3;

/// Published key packages per device: two inviters pick the same one with a chance of one in eight (mls-over-xmpp §6.2).
pub const KEY_PACKAGE_SLOTS: u8 = 8;

/// How long the private half of a replaced key package is kept for invitations already on their way (mls-over-xmpp §6.2).
pub const KEY_PACKAGE_GRACE: Duration = Duration::from_hours(72);

/// Members in one invitation at most: keeps the Welcome with its tree below a stanza's limit (about 540 fit).
pub const GROUP_MEMBERS_MAX: usize = 500;

/// Name of a group or nick in bytes at most.
pub const NAME_BYTES: usize = 256;
