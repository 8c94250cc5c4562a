//! Heliograph for applications: one account, its conversations, and a connection that looks after itself.
//!
//! [`Client`] opens an account's encrypted database, runs the engine of `heliograph-sync` on tokio and keeps an XMPP session
//! of `heliograph-xmpp` while the app wants one. It adds no behaviour to messages: what happens to them is decided in the
//! engine, where it can be replayed. This crate owns what the engine must not have: sockets, the clock, randomness, timers.
//!
//! An application reads by pulling: a subscription gives a `snapshot()` and then, each time `next()` is awaited, everything
//! that changed since. Nothing is queued for a reader that does not come, and dropping a waiting future loses nothing.
//!
//! ```no_run
//! # async fn example() -> Result<(), heliograph_client::Error> {
//! use heliograph_client::{Client, DatabaseKey, StoreLocation};
//!
//! let key = DatabaseKey::new([7; 32]); // from the platform's keystore
//! let client = Client::open(StoreLocation::new("account.db", key))?;
//! client.start();
//! let chat = client.start_chat(&"ben@example.org".parse()?).await?;
//! client.send(chat, "the bridge is open again").await?;
//! let mut timeline = client.timeline(chat);
//! for message in timeline.snapshot(50)?.messages {
//!     println!("{:?}", message.state);
//! }
//! client.shutdown().await
//! # }
//! ```
//!
//! Read first: `client.rs`, then `driver.rs`.

mod account;
mod catch_up;
mod client;
mod condition;
mod connection;
mod conversation;
mod conversations;
mod crash;
mod draft;
mod driver;
mod member;
mod notification;
mod push;
mod running;
mod search;
mod server_memory;
mod server_override;
mod shared;
#[cfg(test)]
mod testing;
mod timeline;
mod unreadable;
mod usage;

pub use account::{AccountConfig, StoreLocation};
pub use catch_up::{CatchUpEnd, CatchUpReport};
pub use client::Client;
pub use connection::{ConnectionChanges, Traffic};
pub use conversation::{Conversation, Preview};
pub use conversations::Conversations;
pub use heliograph_model::{
    Address, Contact, ContactKind, ConversationId, ConversationKind, DeliveryState, Error, ErrorCode,
    MessageId, NetworkId, NetworkState, PowerState, PushState, PushTarget, Security, Timestamp,
};
pub use heliograph_store::DatabaseKey;
pub use heliograph_store::conversation::ConversationState;
pub use heliograph_store::message::{Message, Sender};
pub use heliograph_sync::{
    Connection, ConnectionState, Delivery, Recipient, Settings, Situation, Spent, Usage, Waiting,
};
#[cfg(target_os = "android")]
pub use heliograph_xmpp::introduce;
pub use heliograph_xmpp::session::{CertificateProblem, InvalidPin, Pin, ServerCertificate};
pub use member::Member;
pub use notification::Notification;
pub use push::PushChanges;
pub use search::{Excerpt, SearchHit};
pub use server_override::{ServerOverride, TlsMode};
pub use timeline::{MessageFeed, Older, Seam, SeamKind, Timeline, TimelinePage};
pub use unreadable::{Unreadable, UnreadableReason};

/// The version of Heliograph, as in `0.1.0`.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The README's Rust is compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
