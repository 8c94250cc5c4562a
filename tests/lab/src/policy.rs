//! Every deadline, limit and size of the lab, with its reason.
//!
//! Deadlines bound a failure, they never pace a success: whatever is awaited is awaited as an event. They are therefore
//! generous, for a machine with two busy cores.

use std::time::Duration;

/// How long a server may take until it listens. Prosody needs half a second on an idle machine and ten under full load,
/// ejabberd a few times as long.
pub const SERVER_START: Duration = Duration::from_secs(40);

/// How long a server may take to end after SIGTERM before it is killed: it says good-bye to every stream.
pub const SERVER_STOP: Duration = Duration::from_secs(15);

/// How long a running server may take to carry out what an operator asks. Hashing a password takes milliseconds.
pub const SERVER_CONTROL: Duration = Duration::from_secs(20);

/// How often a server is started on other ports when the chosen ones turn out to be taken.
pub const SERVER_START_ATTEMPTS: u32 = 5;

/// How many lines of a server's log an error shows.
pub const LOG_LINES_SHOWN: usize = 25;

/// How long signing in to a new account may take: key generation, TLS, SCRAM, first publication of keys.
pub const ACCOUNT_ADD: Duration = Duration::from_mins(1);

/// How long a phone may take to end after `quit` or after its input was closed.
pub const PHONE_STOP: Duration = Duration::from_secs(20);

/// How long a phone may take to answer a command that needs no network.
pub const REPLY: Duration = Duration::from_secs(20);

/// How long one thing that needs the network may take: a sign-in, an invitation, the delivery of a message.
pub const NETWORK: Duration = Duration::from_mins(1);

/// How many of a phone's last events an error shows.
pub const EVENTS_SHOWN: usize = 30;

/// How many lines of a phone's standard error are kept.
pub const STDERR_LINES_KEPT: usize = 200;

/// How many bytes the proxy moves at once: a TCP receive window's order of magnitude.
pub const PROXY_CHUNK: usize = 16 * 1024;

/// How many chunks the proxy holds per direction while they travel. With [`PROXY_CHUNK`] this bounds the memory per
/// connection to 8 MiB; beyond it the sender is slowed down, as by a full router.
pub const PROXY_QUEUE: usize = 256;

/// First port that the lab gives to servers. Below the range that Linux (32768) and macOS (49152) take for outgoing
/// connections, so that a server which was stopped finds its port still free when it is started again.
pub const FIRST_PORT: u16 = 20_000;

/// Last port that the lab gives to servers.
pub const LAST_PORT: u16 = 31_999;

/// How many days a throw-away certificate is valid before and after now: enough for a clock that is off, too little to
/// be worth keeping.
pub const CERTIFICATE_DAYS: i64 = 3;
