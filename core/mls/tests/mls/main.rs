//! The MLS engine as its user sees it: phones with a storage each, and bytes that go from one to another.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod attacker;
mod attacks;
mod commits;
mod conversation;
mod determinism;
mod forgery;
mod fuzz;
mod phone;
