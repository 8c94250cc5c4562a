//! Every limit and interval of the engine, with its reason, in one place.

mod situation;
pub(crate) mod sleep;

use std::time::Duration;

use heliograph_model::stanza::limits;
use heliograph_store::quarantine::Bound;

pub use situation::{Rules, Situation};

/// A session that lasted so long was a good one: its loss is a first loss again. Longer than the deadline of a probe, so that
/// a server which lets us in and says nothing does not count.
pub const SESSION_STABLE: Duration = Duration::from_mins(1);

/// A session that is taken over was most likely taken by a sign-in of our own that a bad network handed to the server after we
/// had given it up. So we come back, but only so often within [`REPLACED_WITHIN`]: then it is another device with a copy of our
/// store, and two that take the session from each other would never end.
pub const REPLACED_MAX: usize = 2;

/// See [`REPLACED_MAX`]. Longer than the longest wait between two tries.
pub const REPLACED_WITHIN: Duration = Duration::from_hours(1);

/// How long after a resumption messages may still come that the server had under way to the connection before: what it keeps
/// is sent at once, and what is being handed over inside it (ejabberd) follows within moments, on a slow link within seconds.
pub const HANDOVER: Duration = Duration::from_secs(30);

/// From when and by when our archive is read after a resumption, where that has to be: not in the flights that bring us back,
/// but while the radio is still on for them (the shortest tail measured on LTE is 5 s).
pub const HANDED_OVER_FROM: Duration = Duration::from_secs(1);

/// See [`HANDED_OVER_FROM`].
pub const HANDED_OVER_BY: Duration = Duration::from_secs(3);

/// How many failures still count when somebody comes to look: eight seconds between tries, which a person waits, and which a
/// server that fails again and again can bear.
pub const RETRIES_REMEMBERED: u32 = 3;

/// A link that was heard so recently is not asked for a sign of life because the app comes to the front.
pub const HEARD_LATELY: Duration = Duration::from_secs(10);

/// Silence before the first keepalive on a network of which nothing is known: NATs that forget sooner are rare, and nothing
/// is lost by finding out.
pub const KEEPALIVE_START: Duration = Duration::from_mins(5);

/// No network is asked more often while nobody looks: 30 wakes an hour are 17 % of a battery a day (12.6 J each).
pub const KEEPALIVE_SHORTEST: Duration = Duration::from_mins(2);

/// Nor more seldom, where a keepalive is wanted at all: below the 30 minutes after which many carriers forget.
pub const KEEPALIVE_LONGEST: Duration = Duration::from_mins(28);

/// The search for what a network stands ends when it is known to this precision.
pub const KEEPALIVE_PRECISION: Duration = Duration::from_mins(1);

/// How long before the server's own limit (XEP-0478) the keepalive goes: it has to get there on a bad link.
pub const KEEPALIVE_MARGIN: Duration = Duration::from_secs(30);

/// After so long a silence is tried again that a link did not outlive: it may have been a tunnel.
pub const KEEPALIVE_DOUBT: Duration = Duration::from_hours(7 * 24);

/// Networks of which is remembered what they stand. A person's usual places are a dozen.
pub const KEEPALIVE_NETWORKS: usize = 32;

/// Groups up to this size acknowledge each message; above, receipts would outweigh the messages.
pub const RECEIPT_MEMBERS_MAX: usize = 16;

/// Receipts and runs of receipts in one message at most: keeps it below one padding bucket of 4096 bytes.
pub const RECEIPTS_PER_MESSAGE: usize = 48;

/// Messages that are looked at for one message with receipts: what its runs may cover at most (mls-over-xmpp §10).
pub const RECEIPTS_AT_ONCE: usize = heliograph_mls::RECEIPT_MESSAGES;

/// Messages of ours that one marker of somebody else can show as seen at once: more than anybody reads at a time; what lies
/// farther back, and was never marked, is from before markers.
pub const MARKED_AT_ONCE: usize = 256;

/// Archive items asked for at once. Prosody caps at 50, ejabberd at 250; asking for more costs nothing.
pub const ARCHIVE_PAGE: u16 = 250;

/// What is kept of one conversation's messages that can't be read: more than a person will ever look at, and all that a
/// Welcome or a commit on its way can cure. The bytes hold a few of the largest stanzas.
pub const QUARANTINE_CONVERSATION: Bound = Bound { messages: 256, bytes: 2 * 1024 * 1024 };

/// And of all conversations together: an attacker with many accounts gets no more of a phone's storage than one photograph.
pub const QUARANTINE_ALL: Bound = Bound { messages: 2048, bytes: 8 * 1024 * 1024 };

/// How often one of them is tried, its arrival included. What the change that it waited for did not cure twice is not cured
/// by the third; a newer version tries everything once more.
pub const QUARANTINE_TRIES: u32 = 3;

/// Older messages that an app can ask for at once: a very long scroll.
pub const OLDER_MAX: usize = 1000;

/// Archive items asked for at least when older messages are loaded: a round trip costs a phone more than a screenful.
pub const OLDER_PAGE_MIN: u16 = 20;

/// Pages that one load of older messages may ask for. Our own archive holds all chats, so a page may have nothing of the one
/// that is wanted; the app may ask again.
pub const OLDER_PAGES: u32 = 20;

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

/// What is being written in a conversation in bytes at most: four times what can be sent, so that what has to be shortened
/// first is not lost.
pub const DRAFT_BYTES: usize = 4 * limits::TEXT_BYTES;

/// Days for which it is kept what the account cost: a week has every kind of day in it.
pub const USAGE_DAYS: i64 = 7;

/// What the account cost goes to disk so often at most, and only along with something else.
pub const USAGE_INTERVAL: Duration = Duration::from_mins(1);

/// Members in one invitation at most: keeps the Welcome with its tree below a stanza's limit (about 540 fit).
pub const GROUP_MEMBERS_MAX: usize = 500;

/// Name of a group or nick in bytes at most.
pub const NAME_BYTES: usize = 256;
