//! Every deadline of the session, in one place.
//!
//! A deadline runs only while something is outstanding: a connection being set up, an answer that was asked for, a goodbye.
//! An idle session has none.

use std::time::Duration;

/// From the start to a bound session. Three round trips of TLS and seven of XMPP on a 2G link with 2 s latency each are
/// 20 s; twice that is where a person gives up.
pub const ATTEMPT: Duration = Duration::from_secs(40);

/// One TCP handshake with one address. A host that drops packets must leave time for the others; TCP sends its SYN again
/// after 1 s and 3 s, so three tries fit.
pub const TCP_CONNECT: Duration = Duration::from_secs(8);

/// One DNS question, answered from a cache nearly always. After it, the plain address lookup is tried.
pub const DNS: Duration = Duration::from_secs(5);

/// One packet to one name server before it is sent again: three fit into [`DNS`]. A lost packet is common where radio is
/// bad.
pub const DNS_PACKET: Duration = Duration::from_millis(1500);

/// How long the second half of an answer from DNS (the other family, the other kind of service) is waited for when the
/// first is there (RFC 8305 §3, "Resolution Delay").
pub const RESOLUTION_DELAY: Duration = Duration::from_millis(50);

/// From one attempt to connect to the next, while none has succeeded or failed (RFC 8305 §5, "Connection Attempt Delay").
pub const STAGGER: Duration = Duration::from_millis(250);

/// One TLS handshake, for a network that lets TCP through and swallows what comes after. A certificate chain of 5 kB takes
/// 4 s at 10 kbit/s, and a round trip of 2G another 2 s.
pub const TLS_HANDSHAKE: Duration = Duration::from_secs(10);

/// One answer during the sign-in, the first one on an open connection above all: for a network that lets connections through
/// and swallows what is said on them, and for a server that chokes on what it did not expect. On 2G a round trip takes 2 s,
/// 3 kB of features as long at 10 kbit/s, and TCP needs 3 s to send again what was lost.
pub const ANSWER: Duration = Duration::from_secs(10);

/// Everything about a web server: connecting, TLS, one answer of a few kB. The last resort must leave time to sign in.
pub const WEB: Duration = Duration::from_secs(15);

/// From a probe, or from a request for an acknowledgement, to any sign of life. A phone that wakes its radio needs up to
/// 3 s, and a congested cell a few more.
pub const PROBE: Duration = Duration::from_secs(10);

/// From sending with a request for an acknowledgement to any sign of life. Longer than [`PROBE`]: nobody asked whether the
/// link is alive, and a full stanza of 256 KiB takes a minute at 32 kbit/s.
pub const ACKNOWLEDGEMENT: Duration = Duration::from_secs(90);

/// How long an answer may wait for company, from the last that came in, and ten times as long while more keeps coming: to the server's question what we have (XEP-0198 §4), and to others' questions about us
/// (what we can do, whether we are there). Nobody is held up by it, and alone it is a packet of its own; servers begin to wonder
/// after 30 s (Prosody) or 60 s (ejabberd). The radio stays on for longer than this after what came in.
pub const COMPANY: Duration = Duration::from_secs(1);

/// From our `</stream:stream>` to the server's. A courtesy, not worth more battery.
pub const GOODBYE: Duration = Duration::from_secs(2);

/// Hosts that one session is referred to (`<see-other-host/>`) before it gives up. One is what servers that leave a cluster
/// do; more than three is a loop.
pub const REDIRECTS: u32 = 3;

/// Silence after which tokio-xmpp's own stream would ask for a sign of life. We ask only for a reason, so: never. Ten years
/// rather than [`Duration::MAX`], because it is added to a clock.
pub const NEVER: Duration = Duration::from_hours(10 * 365 * 24);

/// The deadlines of one session; [`Timeouts::default`] takes the constants of this module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// See [`ATTEMPT`].
    pub attempt: Duration,
    /// See [`TCP_CONNECT`].
    pub tcp_connect: Duration,
    /// See [`TLS_HANDSHAKE`].
    pub tls_handshake: Duration,
    /// See [`ANSWER`].
    pub answer: Duration,
    /// See [`PROBE`].
    pub probe: Duration,
    /// See [`ACKNOWLEDGEMENT`].
    pub acknowledgement: Duration,
    /// See [`COMPANY`].
    pub company: Duration,
    /// See [`GOODBYE`].
    pub goodbye: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            attempt: ATTEMPT,
            tcp_connect: TCP_CONNECT,
            tls_handshake: TLS_HANDSHAKE,
            answer: ANSWER,
            probe: PROBE,
            acknowledgement: ACKNOWLEDGEMENT,
            company: COMPANY,
            goodbye: GOODBYE,
        }
    }
}
