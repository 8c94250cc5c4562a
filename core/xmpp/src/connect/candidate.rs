//! Which places to try, and in which order: SRV records (RFC 2782), those of direct TLS and STARTTLS as one (XEP-0368).

use rand::{Rng, RngCore};

use crate::error::SessionError;

/// Port of XMPP with STARTTLS where DNS names none (RFC 6120 §14.7). No port of direct TLS is guessed: XEP-0368 has none.
pub(crate) const DEFAULT_PORT: u16 = 5222;

/// Places that are tried at most. A domain that names more has made a mistake, and each costs a phone a packet.
const CANDIDATES: usize = 8;

/// Where the server is.
#[derive(Clone, PartialEq, Eq, Default)]
pub enum ServerLocation {
    /// Where DNS says: SRV records of `_xmpps-client` and `_xmpp-client`, else port 5222 of the domain itself. If none of
    /// them can be reached, where the domain's web server says (XEP-0156).
    #[default]
    Lookup,
    /// Here, whatever DNS says. The certificate must still name the account's domain.
    At {
        /// Host name or IP address.
        host: String,
        /// TCP port.
        port: u16,
        /// How TLS starts.
        tls: TlsMode,
    },
}

/// How TLS starts. There is no mode without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TlsMode {
    /// From the first byte (XEP-0368).
    Direct,
    /// After `<starttls/>` (RFC 6120 §5).
    StartTls,
}

/// One place to try.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Candidate {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) tls: TlsMode,
}

impl Candidate {
    /// Where a domain without SRV records is.
    pub(crate) fn itself(domain: &str) -> Self {
        Self { host: domain.to_owned(), port: DEFAULT_PORT, tls: TlsMode::StartTls }
    }
}

/// An SRV record.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Service {
    pub(crate) priority: u16,
    pub(crate) weight: u16,
    pub(crate) candidate: Candidate,
}

/// The candidates in the order in which to try them. `services` are the records of both kinds; with `none_published` DNS
/// has none of either kind, and the domain itself must do (RFC 6120 §3.2.2).
///
/// Weights are mixed as XEP-0368 §3 has it; among records of one priority and one weight direct TLS comes first, because
/// it saves two round trips.
pub(crate) fn ordered(
    mut services: Vec<Service>,
    none_published: bool,
    domain: &str,
    random: &mut impl RngCore,
) -> Result<Vec<Candidate>, SessionError> {
    // A single target of "." means "decidedly not here" (RFC 2782).
    services.retain(|service| !matches!(service.candidate.host.as_str(), "" | "."));
    if services.is_empty() {
        return if none_published {
            Ok(vec![Candidate::itself(domain)])
        } else {
            Err(SessionError::NoService)
        };
    }
    services
        .sort_by_key(|service| (service.priority, service.candidate.tls, std::cmp::Reverse(service.weight)));
    let mut candidates = Vec::new();
    for equals in services.chunk_by(|one, other| one.priority == other.priority) {
        candidates.extend(by_weight(equals.to_vec(), random));
    }
    candidates.truncate(CANDIDATES);
    Ok(candidates)
}

/// The draw of RFC 2782: again and again one of what is left, with a chance in proportion to its weight. Equal weights are
/// no wish of the operator's, so there the order given stays, and direct TLS first with it.
fn by_weight(mut services: Vec<Service>, random: &mut impl RngCore) -> Vec<Candidate> {
    let mut drawn = Vec::with_capacity(services.len());
    while let Some(first) = services.first() {
        let total: u32 = services.iter().map(|service| u32::from(service.weight)).sum();
        let alike = services.iter().all(|service| service.weight == first.weight);
        let mut chosen = 0;
        if !alike {
            let mut mark = random.random_range(0..total.max(1));
            for (index, service) in services.iter().enumerate() {
                let weight = u32::from(service.weight);
                if mark < weight {
                    chosen = index;
                    break;
                }
                mark -= weight;
            }
        }
        drawn.push(services.remove(chosen).candidate);
    }
    drawn
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn service(priority: u16, weight: u16, host: &str, tls: TlsMode) -> Service {
        Service { priority, weight, candidate: Candidate { host: host.to_owned(), port: 1, tls } }
    }

    fn hosts(services: Vec<Service>, seed: u64) -> Vec<String> {
        let candidates = ordered(services, false, "example.org", &mut ChaCha8Rng::seed_from_u64(seed));
        candidates.ok().unwrap().into_iter().map(|candidate| candidate.host).collect()
    }

    #[test]
    fn both_kinds_are_merged_by_priority_with_direct_tls_first_among_equals() {
        let services = vec![
            service(5, 3, "start-5", TlsMode::StartTls),
            service(5, 3, "direct-5", TlsMode::Direct),
            service(1, 0, "start-1", TlsMode::StartTls),
            service(1, 0, "direct-1", TlsMode::Direct),
        ];
        assert_eq!(hosts(services, 1), ["direct-1", "start-1", "direct-5", "start-5"]);
    }

    #[test]
    fn within_a_priority_a_host_of_three_times_the_weight_is_first_three_times_as_often() {
        const DRAWS: u64 = 4000;
        let first_of = |seed| {
            let services = vec![
                service(1, 10, "light", TlsMode::Direct),
                service(1, 30, "heavy", TlsMode::StartTls),
                service(1, 0, "last resort", TlsMode::Direct),
            ];
            hosts(services, seed)
        };
        let heavy = (0..DRAWS).filter(|&seed| first_of(seed).first().unwrap() == "heavy").count();
        assert!((2900..3100).contains(&heavy), "{heavy} of {DRAWS}");
        assert!((0..DRAWS).all(|seed| first_of(seed).first().unwrap() != "last resort"));
        assert_eq!(first_of(7), first_of(7), "a draw can be replayed");
    }

    #[test]
    fn without_records_the_domain_itself_is_tried_and_with_a_dot_nothing_is() {
        let random = &mut ChaCha8Rng::seed_from_u64(0);
        assert!(
            ordered(Vec::new(), true, "example.org", random) == Ok(vec![Candidate::itself("example.org")])
        );
        for kind in [TlsMode::Direct, TlsMode::StartTls] {
            let none = vec![service(0, 0, "", kind)];
            assert_eq!(ordered(none, false, "example.org", random).err(), Some(SessionError::NoService));
        }
        let half = vec![service(0, 0, ".", TlsMode::Direct), service(0, 0, "start", TlsMode::StartTls)];
        assert_eq!(hosts(half, 1), ["start"]);
    }

    #[test]
    fn a_thousand_records_do_not_make_a_thousand_attempts() {
        let many = (0..1000).map(|number| service(number, 1, "host", TlsMode::StartTls)).collect();
        assert_eq!(hosts(many, 1).len(), CANDIDATES);
    }
}
