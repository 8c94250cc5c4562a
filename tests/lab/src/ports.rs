//! Free ports on loopback for servers that can't be given a listening socket.

use std::net::{Ipv4Addr, TcpListener};

use rand::Rng;

use crate::error::LabError;
use crate::policy::{FIRST_PORT, LAST_PORT};

/// A port of 127.0.0.1 that nobody listens on just now, outside the range of outgoing connections.
///
/// Somebody else may take it before the server does; whoever starts a server looks for that and asks again.
pub fn free() -> Result<u16, LabError> {
    let mut random = rand::rng();
    let range = usize::from(LAST_PORT - FIRST_PORT) + 1;
    (0..range)
        .map(|_| random.random_range(FIRST_PORT..=LAST_PORT))
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .ok_or(LabError::NoPort { first: FIRST_PORT, last: LAST_PORT })
}
