//! The engine of Heliograph: everything that happens to messages, without any I/O of its own.
//!
//! [`Engine::handle`] takes one [`Input`] at a time (what the session received, a command from the app, a timer, a change of
//! network) together with the time and 32 random bytes, works on it in **one** store transaction, and answers with
//! [`Effects`]: what to send, when to wake up, what the connection's state is. It reads no clock, no socket and no random
//! source by itself; the same database, inputs, times and bytes give the same effects, byte for byte. It does not know XML
//! (`heliograph-xmpp` does), nor how to keep a socket or a timer (`heliograph-client` does).
//!
//! # One message's life
//!
//! **Sending.** [`Command::Send`] appends to the timeline (state `queued`) and to the outbox, in one transaction. When the
//! conversation can be sent to (`outbox.rs`: online, its archive read to the end, the group ready) the text is encrypted, and
//! ciphertext, ratchet and the state `sending` are committed before the stanza is handed over. The server's acknowledgement
//! (XEP-0198) makes it `sent`, its place in the archive `archived`, the others' receipts `delivered`, their markers
//! (`marker.rs`) `displayed`. What stands in its way, and how its author takes it back, is in `delivery.rs`. The outbox row goes when
//! the archive or a receipt proves the arrival. After a lost session whatever is in doubt is looked for in the archive first
//! and repeated only if it is not there, with the same bytes and the same id: nothing can be shown twice. After a resumed
//! session, also that of a process that died, nothing is in doubt: `stream.rs` keeps count of what the server has.
//!
//! **Receiving.** A live stanza or an archive page (`archive.rs`) is de-duplicated by id, decrypted, and stored together with
//! the ratchet, the search index and the archive cursor in one transaction. What can't be decrypted is kept in quarantine
//! with its reason, and the cursor moves only with it. Where history is missing the timeline has a seam, which is filled backwards
//! when the app asks (`seam.rs`). The app sees changes by revision number; nothing is pushed.
//!
//! **Groups.** A wish (`wish.rs`) is durable; `setup.rs` takes the steps towards it. A commit (`commit.rs`) is merged when
//! the room's archive shows that it was first, never when it is sent. `welcome.rs` is the other end of an invitation.
//!
//! **Being there.** When to connect, how long to be silent, what the server is told of us and how long receipts wait depends
//! on what the phone is doing: `policy/situation.rs` is the table, `connection.rs` and `keepalive.rs` work by it, and
//! `timers.rs` is the one place where anything waits for a moment.
//!
//! Read first: `input.rs`, then `step.rs`, then the file of whatever you look for.

mod account;
mod archive;
mod command;
mod commit;
mod connection;
mod delivery;
mod direct;
mod draft;
mod engine;
mod error;
mod group_message;
mod input;
mod keepalive;
mod key_package;
mod live;
mod marker;
mod message;
mod outbox;
pub mod policy;
mod push;
mod quarantine;
mod random;
mod receipt;
mod room;
mod seam;
mod settings;
mod setup;
mod sleep;
mod step;
mod stream;
mod timers;
mod usage;
mod welcome;
mod wish;

pub use account::create_account;
pub use delivery::{Delivery, Recipient, Waiting};
pub use draft::keep_draft;
pub use engine::Engine;
pub use error::EngineError;
pub use input::{
    Command, Connection, ConnectionState, Effects, Input, LinkAction, LoadId, Loaded, Received, Reply,
};
pub use policy::Situation;
pub use push::push_state;
pub use settings::{Settings, settings};
pub use stream::StoredStream;
pub use usage::{Spent, Usage};
