//! A server's place that somebody gives by hand, where DNS does not know it.

use std::net::{IpAddr, Ipv6Addr};

use heliograph_model::{Error, ErrorCode};
use serde::{Deserialize, Serialize};

/// Where clients connect to without being told (RFC 6120 §14.7).
const USUAL_PORT: u16 = 5222;

/// Where servers listen for TLS from the first byte: 5223 by custom (XEP-0368 §2), 443 to get through firewalls.
const DIRECT_TLS_PORTS: [u16; 2] = [443, 5223];

/// A server's place, where DNS does not know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerOverride {
    /// Host name or IP address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// How TLS starts.
    pub tls: TlsMode,
}

/// How TLS starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TlsMode {
    /// From the first byte (XEP-0368).
    Direct,
    /// After `<starttls/>` (RFC 6120 §5), which must succeed.
    StartTls,
}

impl ServerOverride {
    /// Reads a place as somebody types it: `chat.example.org`, `chat.example.org:5223`, `192.0.2.1`, `2001:db8::1`,
    /// `[2001:db8::1]:5223`. The port may instead stand in a field of its own, `port`, which may be empty. Without one it is
    /// 5222. On 443 and 5223 TLS starts with the first byte, elsewhere after `<starttls/>`.
    ///
    /// Errors: [`ErrorCode::InvalidArgument`].
    pub fn read(place: &str, port: &str) -> Result<Self, Error> {
        let (host, within) = split(place.trim())?;
        if host.is_empty() || host.contains(is_in_no_host) {
            return Err(invalid("the server's host is missing or is none"));
        }
        let port = match (within, port.trim()) {
            (None, "") => USUAL_PORT,
            (None, port) | (Some(port), "") => number(port)?,
            (Some(within), port) if number(within)? == number(port)? => number(port)?,
            _ => return Err(invalid("the server's port was given twice")),
        };
        let tls = if DIRECT_TLS_PORTS.contains(&port) { TlsMode::Direct } else { TlsMode::StartTls };
        Ok(Self { host: host.to_owned(), port, tls })
    }
}

/// The host, and the port if there is one with it.
fn split(place: &str) -> Result<(&str, Option<&str>), Error> {
    if place.parse::<IpAddr>().is_ok() {
        return Ok((place, None));
    }
    let Some(bracketed) = place.strip_prefix('[') else {
        let parts = place.split_once(':');
        return Ok(parts.map_or((place, None), |(host, port)| (host, Some(port))));
    };
    match bracketed.split_once(']') {
        Some((host, rest)) if host.parse::<Ipv6Addr>().is_ok() => match rest.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if rest.is_empty() => Ok((host, None)),
            None => Err(invalid("after the server's address in brackets comes a colon and a port")),
        },
        _ => Err(invalid("in brackets there is to be an IPv6 address")),
    }
}

fn is_in_no_host(character: char) -> bool {
    character.is_whitespace()
        || character.is_control()
        || matches!(character, '/' | '@' | '[' | ']' | '?' | '#')
}

/// A port; not `+5222`, which Rust would take.
fn number(port: &str) -> Result<u16, Error> {
    let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
    let number = port.parse().ok().filter(|&number| is_number && number > 0);
    number.ok_or_else(|| invalid("the server's port is no number from 1 to 65535"))
}

fn invalid(detail: &'static str) -> Error {
    Error::new(ErrorCode::InvalidArgument, detail)
}

#[cfg(test)]
mod tests {
    use heliograph_model::ErrorCode;

    use super::{ServerOverride, TlsMode};

    #[test]
    fn places_as_people_type_them() {
        let start = TlsMode::StartTls;
        for (place, port, host, number, tls) in [
            ("chat.example.org", "", "chat.example.org", 5222, start),
            (" chat.example.org ", " 5299 ", "chat.example.org", 5299, start),
            ("chat.example.org:5223", "", "chat.example.org", 5223, TlsMode::Direct),
            ("chat.example.org", "443", "chat.example.org", 443, TlsMode::Direct),
            ("chat.example.org:5299", "5299", "chat.example.org", 5299, start),
            ("10.0.0.7:5222", "", "10.0.0.7", 5222, start),
            ("10.0.0.7", "", "10.0.0.7", 5222, start),
            ("2001:db8::1", "", "2001:db8::1", 5222, start),
            ("2001:db8::1", "5223", "2001:db8::1", 5223, TlsMode::Direct),
            ("[2001:db8::1]", "", "2001:db8::1", 5222, start),
            ("[::1]:65535", "", "::1", 65_535, start),
        ] {
            let expected = ServerOverride { host: host.to_owned(), port: number, tls };
            assert_eq!(ServerOverride::read(place, port).unwrap(), expected, "{place} {port}");
        }
    }

    #[test]
    fn what_is_no_place_is_refused_and_never_guessed() {
        for (place, port) in [
            ("", ""),
            ("", "5222"),
            (":5222", ""),
            ("chat.example.org:", ""),
            ("chat.example.org", "52x2"),
            ("chat.example.org", "0"),
            ("chat.example.org", "65536"),
            ("chat.example.org", "+5222"),
            ("chat.example.org", "-1"),
            ("chat.example.org:5222:5223", ""),
            ("chat.example.org:5222", "5223"),
            ("https://chat.example.org", ""),
            ("chat.example.org/path", ""),
            ("ana@example.org", ""),
            ("chat example.org", ""),
            ("[chat.example.org]:5222", ""),
            ("[::1", ""),
            ("[::1]5222", ""),
        ] {
            let error = ServerOverride::read(place, port).unwrap_err();
            assert_eq!(error.code, ErrorCode::InvalidArgument, "{place} {port}");
        }
    }
}
