//! Heliograph for Kotlin, Swift, Python and Ruby: `heliograph-client` through UniFFI.
//!
//! Conversions and nothing else: records instead of the core's types, checked arguments, one error type, and a runtime whose
//! threads end when the foreign side says so. It decides nothing about messages, and keeps no state of its own beyond what a
//! waiting subscription has fetched and the log for support (`log.rs`). Whatever is worth testing twice belongs below this
//! crate.
//!
//! How the boundary is drawn:
//!
//! * Calls are few and coarse, results are plain records with ids as numbers; only the client and its subscriptions are
//!   objects. Whatever may touch the disk or the network is `async` and runs on the client's own threads.
//! * A subscription is pulled: [`ready`](Timeline::ready) waits, [`take`](Timeline::take) fetches,
//!   [`next`](Timeline::next) does both. There are no callbacks.
//! * Every failure is a [`HeliographError`] with a stable code, a panic on the client's own threads included. One in the call
//!   itself reaches the foreign side as UniFFI's internal error, of which the packages for Kotlin, Swift and Python
//!   make the same. None is intended.
//! * [`HeliographClient::shutdown`] ends every thread. A program should call it before it exits: a thread that calls back
//!   into an interpreter that is going away would take the process down with it.
//!
//! Read first: `client.rs`, then `subscription.rs` and `runtime.rs`.

mod account;
mod argument;
mod cancellation;
mod certificate;
mod client;
mod connection;
mod contact;
#[cfg(test)]
mod containment;
mod conversation;
mod delivery;
mod error;
mod log;
mod message;
mod push;
mod runtime;
mod search;
mod subscription;
#[cfg(target_os = "android")]
mod system_trust;
mod timeline;

pub use account::{AccountConfig, ServerOverride, add_account, read_server};
pub use cancellation::Cancellation;
pub use certificate::{ServerCertificate, inspect_server};
pub use client::{CatchUpEnd, CatchUpReport, HeliographClient};
pub use connection::{Connection, ConnectionChanges, SituationUsage, Traffic, Usage};
pub use contact::{Contact, read_address};
pub use conversation::{Conversation, ConversationFeed, Member, Notification, Preview};
pub use delivery::{Delivery, Recipient};
pub use error::{Failure, HeliographError};
pub use log::{LogLevel, export_log, start_logging};
pub use message::{Message, MessageRow, Sender};
pub use push::{Push, PushChanges, PushOption, PushState, PushTarget};
pub use search::{SearchHit, TextRange};
pub use timeline::{MessageFeed, Older, Seam, Timeline, TimelinePage, Unreadable};

/// The version of Heliograph, as in `0.1.0`: for the screen that says so, and for reports.
#[uniffi::export]
pub fn version() -> String {
    heliograph_client::VERSION.to_owned()
}

// Names the generated modules, also for the other languages: `heliograph.py`, `heliograph.kt`, `heliograph.swift`.
uniffi::setup_scaffolding!("heliograph");
