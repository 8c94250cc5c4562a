//! IPv4 addresses on networks that have only IPv6: the prefix under which the network translates (RFC 7050), and addresses
//! made with it (RFC 6052).
//!
//! Names need none of this there, because the network's DNS64 gives them IPv6 addresses. A literal IPv4 address does, and so
//! does a name that was looked up elsewhere.

use std::net::{Ipv4Addr, Ipv6Addr};

/// The name that has IPv4 addresses only, so that an IPv6 address of it was made by the network (RFC 7050 §2).
pub(crate) const WELL_KNOWN_NAME: &str = "ipv4only.arpa";

/// Its addresses (RFC 7050 §2.2).
const WELL_KNOWN_ADDRESSES: [Ipv4Addr; 2] = [Ipv4Addr::new(192, 0, 0, 170), Ipv4Addr::new(192, 0, 0, 171)];

/// Where the IPv4 address begins, by length of the prefix in bytes (RFC 6052 §2.2).
const LENGTHS: [usize; 6] = [12, 8, 7, 6, 5, 4];

/// Byte 8 (bits 64 to 71) is always zero and carries no address.
const RESERVED: usize = 8;

/// The prefix under which a network translates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Prefix {
    bytes: [u8; 16],
    length: usize,
}

impl Prefix {
    /// From an address that the network gave [`WELL_KNOWN_NAME`]; `None` if there is none in it.
    pub(crate) fn found_in(address: Ipv6Addr) -> Option<Self> {
        let bytes = address.octets();
        LENGTHS.into_iter().find_map(|length| {
            let prefix = Self { bytes, length };
            WELL_KNOWN_ADDRESSES.iter().any(|known| prefix.of(*known) == address).then_some(prefix)
        })
    }

    /// The IPv6 address under which an IPv4 address is reached.
    pub(crate) fn of(self, address: Ipv4Addr) -> Ipv6Addr {
        let mut embedded = address.octets().into_iter();
        let mut bytes = [0; 16];
        for (index, (byte, prefix)) in bytes.iter_mut().zip(self.bytes).enumerate() {
            *byte = match index {
                _ if index < self.length => prefix,
                RESERVED => 0,
                _ => embedded.next().unwrap_or(0),
            };
        }
        bytes.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_standard_for_each_length_of_prefix() {
        // RFC 6052 §2.4, with 192.0.2.33.
        for (well_known, expected) in [
            ("2001:db8:c000:aa::", "2001:db8:c000:221::"),
            ("2001:db8:1c0:0:aa::", "2001:db8:1c0:2:21::"),
            ("2001:db8:122:c000:0:aa00::", "2001:db8:122:c000:2:2100::"),
            ("2001:db8:122:3c0:0:aa::", "2001:db8:122:3c0:0:221::"),
            ("2001:db8:122:344:c0:0:aa00::", "2001:db8:122:344:c0:2:2100::"),
            ("2001:db8:122:344::c000:aa", "2001:db8:122:344::192.0.2.33"),
            ("64:ff9b::c000:aa", "64:ff9b::192.0.2.33"),
            ("64:ff9b::c000:ab", "64:ff9b::192.0.2.33"),
        ] {
            let prefix = Prefix::found_in(well_known.parse().unwrap()).unwrap();
            assert_eq!(prefix.of(Ipv4Addr::new(192, 0, 2, 33)), expected.parse::<Ipv6Addr>().unwrap());
        }
    }

    #[test]
    fn an_address_without_the_well_known_one_in_it_gives_no_prefix() {
        assert_eq!(Prefix::found_in("2001:db8::1".parse().unwrap()), None);
        assert_eq!(Prefix::found_in("::ffff:192.0.2.1".parse().unwrap()), None);
    }
}
