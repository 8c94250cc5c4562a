//! The lab: real servers, networks and phones under script.
//!
//! What it does: starts Prosody and ejabberd on loopback with a throw-away certificate authority, kills it and starts it again on the
//! same data; puts a wire between a phone and the server that can be cut, frozen, slowed and measured; runs phones as
//! separate processes (the terminal shell) and tells what they show to their user; searches files for plain text.
//!
//! What it does not do: assert. It says what happened, the tests and the demonstration judge. It knows nothing of XMPP,
//! MLS or SQL and depends on no crate of the core but the shared vocabulary: what it sees is what a user sees.
//!
//! Everything a run writes lies in a folder that its caller gives, by convention below `target/`, and everything listens
//! on 127.0.0.1 only. Unix only: it sends signals. Every child process dies with the value that stands for it.
//!
//! Read first: [`Server`], [`Proxy`] and [`Phone`], the three things a scenario is made of. [`policy`] holds every
//! deadline.

pub mod certificates;
pub mod disk;
mod ejabberd;
pub mod error;
pub mod phone;
pub mod plaintext;
pub mod policy;
pub mod ports;
mod prosody;
pub mod proxy;
pub mod server;
pub mod workspace;

pub use certificates::{Authority, CertificateFault};
pub use disk::SmallDisk;
pub use error::LabError;
pub use phone::{Command, Phone, PhoneConfig, Tls};
pub use proxy::{Direction, Failure, Proxy, Traffic};
pub use server::{Account, Options, Server, ServerTree, Software};
