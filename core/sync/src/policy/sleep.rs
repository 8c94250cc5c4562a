//! How long a phone may sleep before somebody has to look what waits: the part of the connection policy for a client that is
//! suspended, in which the engine can arm no timer. The shell gives the moment to the operating system.
//!
//! | | something to send | no push | push |
//! |---|---|---|---|
//! | power enough | 15 min | 30 min | a day |
//! | power short | 30 min | 2 h | a day |
//! | only a person can cure why there is no connection | never | never | never |
//!
//! A wake costs 12.6 J, 0.023 % of a 4000 mAh battery: every 30 minutes are 1.1 % a day, every two hours 0.3 %.

use std::time::Duration;

/// What sleeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sleeper {
    /// A message, or an order to a group, has not gone out or is not known to have arrived.
    pub unsent: bool,
    /// The server has confirmed that it announces messages.
    pub push: bool,
    /// Power is short, or the phone rests.
    pub saving: bool,
}

/// Android starts no repeated work more often, and a message that did not get out waits for a network that has to come first.
const UNSENT: Duration = Duration::from_mins(15);

/// The longest wait between retries of a client that is awake and saves.
const UNSENT_SAVING: Duration = Duration::from_mins(30);

/// Without push nobody calls. Half an hour is what people bear of a mailbox.
const UNCALLED: Duration = Duration::from_mins(30);

/// Somebody who saves power looks less often.
const UNCALLED_SAVING: Duration = Duration::from_hours(2);

/// Announcements get lost (an app server that is down, a phone that the push service has given up), and rooms announce only
/// while the server keeps our session, 72 hours on most: so a day at most.
const CALLED: Duration = Duration::from_hours(24);

impl Sleeper {
    /// How long it may sleep.
    pub const fn sleeps(self) -> Duration {
        match (self.unsent, self.push, self.saving) {
            (true, _, false) => UNSENT,
            (true, _, true) => UNSENT_SAVING,
            (false, false, false) => UNCALLED,
            (false, false, true) => UNCALLED_SAVING,
            (false, true, _) => CALLED,
        }
    }
}
