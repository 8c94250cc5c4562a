//! XMPP on the wire: the codecs between [`heliograph_model::stanza`] values and XML, and a session of our own.
//!
//! **Does**: turns an [`Outbound`](heliograph_model::stanza::Outbound) into stanzas and a stanza into
//! [`Inbound`](heliograph_model::stanza::Inbound) values, with every check that needs the wire (who put a `stanza-id` in,
//! whose carbon it is, which query an archive result belongs to); finds the server, connects, starts TLS, signs in by
//! token or SCRAM, binds or resumes, counts and acknowledges stanzas (XEP-0198).
//!
//! **Does not**: know SQL, MLS, conversations or retries. It never reconnects by itself, never sends a message twice
//! except after a resumption (where the server asks for it), and arms no timer unless an answer is outstanding.
//!
//! **Read first**: [`session`], the face of this crate ([`session::Session::start`] to [`session::SessionOutput::Ended`]).
//! Then, from the outside in:
//!
//! 1. `session/driver.rs`: the one task that owns the socket, with `session/login.rs` (setting it up) and
//!    `session/wire.rs` (reading and writing at once).
//! 2. [`negotiation`]: what happens from the first stream header to the bound session, as a value without I/O; with
//!    `mechanism.rs` (which sign-in is good enough), `scram.rs` and `fast.rs` (how it is done), and [`server_memory`] (what
//!    one session leaves to the next).
//! 3. [`stream_management`]: counters and the queue of what is not yet acknowledged, as a value without I/O.
//! 4. [`encode`] and [`decode`], one file per noun of the protocol.
//! 5. [`connect`]: DNS, TCP, TLS, and WebSocket where nothing else gets through.
//!
//! `examples/tour.rs` shows it all against a real server; `tests/login.rs` and
//! `tests/session.rs` read like the protocol.
//!
//! Sizes and deadlines stand in [`timeouts`] and [`heliograph_model::stanza::limits`], each with its reason.

mod channel_binding;
pub mod connect;
pub mod decode;
pub mod encode;
mod error;
pub mod fallback;
mod fast;
mod frame;
#[cfg(test)]
mod fuzz;
pub mod hints;
mod mechanism;
pub mod mls;
pub mod negotiation;
mod ns;
mod request;
mod scram;
pub mod server_memory;
pub mod session;
mod socket;
pub mod stream_management;
pub mod timeouts;
mod tls;
mod traffic;
mod xml;

// Not called: its features keep tokio-xmpp from writing stanzas to a log.
use log as _;

pub use error::SessionError;
#[cfg(target_os = "android")]
pub use tls::introduce;
