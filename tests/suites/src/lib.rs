//! What Heliograph is checked against.
//!
//! * [`model`]: a server, rooms and phones in memory, driven by a seed: hundreds of runs of real engines on real databases
//!   with losses, repeats, reordering and kills, each replayable byte for byte (`tests/simulation.rs`).
//! * [`app_server`]: where real servers announce messages for sleeping phones (`tests/push.rs`).
//! * [`scene`]: real phones (processes) on a real server (`tests/killed.rs`, `refusals.rs`, `conversations.rs`).
//! * [`handset`]: phones inside of the test's own process, where there must be many or time is short (`tests/cuts.rs`,
//!   `restarts.rs`).
//! * `python/`: the Python bindings, and a client that nobody here wrote.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "all of this crate is test code: what it does not expect is a failure"
)]

pub mod app_server;
pub mod handset;
pub mod model;
pub mod scene;
