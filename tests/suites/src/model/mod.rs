//! A world in memory: one server, several phones, links that fail. Everything is decided by a seed.
//!
//! The engines and their databases are the real ones; the server is a model that speaks the engine's vocabulary
//! ([`heliograph_model::stanza`]) instead of XML. Read [`World::run`] first.

mod phone;
mod server;
mod world;

pub use phone::{Effort, Phone};
pub use server::{Server, plain_in};
pub use world::{Outcome, Plan, TWO_AT_REST, World, group_of, network, texts};
