//! The search against NATs of every kind.

use proptest::prelude::*;

use super::*;

const NOW: Timestamp = Timestamp(1_800_000_000_000);

/// Links through a NAT that forgets after `forgets`: how many were lost, and what is tried in the end.
fn search(patience: &mut Patience, forgets: Duration, start: Timestamp, rounds: usize) -> (u32, Duration) {
    let mut now = start;
    let mut lost = 0;
    for _ in 0..rounds {
        let interval = patience.interval(now, KEEPALIVE_LONGEST);
        now = now.plus(interval);
        if interval < forgets {
            patience.outlived(interval);
        } else {
            patience.died(interval, now);
            lost += 1;
        }
    }
    (lost, patience.interval(now, KEEPALIVE_LONGEST))
}

proptest! {
    #[test]
    fn what_a_network_stands_is_found_at_the_cost_of_a_few_links(forgets in 125_u64..7200) {
        let forgets = Duration::from_secs(forgets);
        let mut patience = Patience::default();
        // Less than two days at the longest interval.
        let (lost, interval) = search(&mut patience, forgets, NOW, 100);
        prop_assert!(lost <= 5, "{lost} links lost");
        prop_assert!(interval < forgets, "a link dies every {interval:?}");
        let best = forgets.min(KEEPALIVE_LONGEST);
        prop_assert!(interval + KEEPALIVE_PRECISION * 2 >= best, "{interval:?} of {best:?}");
        // From there on, one try a week.
        let later = NOW.plus(KEEPALIVE_DOUBT * 2);
        let (lost, _) = search(&mut patience, forgets, later, 300);
        prop_assert!(lost <= 2, "{lost} links lost in less than a week");
    }

    #[test]
    fn a_network_that_changes_is_learned_anew(first in 125_u64..3000, second in 125_u64..3000) {
        let mut patience = Patience::default();
        search(&mut patience, Duration::from_secs(first), NOW, 50);
        let second = Duration::from_secs(second);
        let (lost, interval) = search(&mut patience, second, NOW.plus(KEEPALIVE_DOUBT * 2), 100);
        prop_assert!(lost <= 8, "{lost} links lost");
        prop_assert!(interval < second);
    }

    #[test]
    fn one_tunnel_teaches_nothing(died in 120_u64..1680) {
        let mut patience = Patience::default();
        search(&mut patience, Duration::from_hours(2), NOW, 50);
        let before = patience.interval(NOW, KEEPALIVE_LONGEST);
        patience.died(Duration::from_secs(died), NOW);
        prop_assert_eq!(patience.interval(NOW, KEEPALIVE_LONGEST), before);
    }

    #[test]
    fn no_interval_is_out_of_bounds(
        lessons in prop::collection::vec((any::<bool>(), 0_u64..100_000), 0..40),
        longest in 0_u64..4000,
    ) {
        let mut patience = Patience::default();
        for (lived, silence) in lessons {
            let silence = Duration::from_secs(silence);
            if lived { patience.outlived(silence) } else { patience.died(silence, NOW) }
        }
        let longest = Duration::from_secs(longest);
        let interval = patience.interval(NOW, longest);
        prop_assert!(interval <= longest && interval >= longest.min(KEEPALIVE_SHORTEST), "{interval:?}");
    }
}

#[test]
fn where_nothing_keeps_a_link_alive_the_radio_is_left_alone() {
    let mut patience = Patience::default();
    let (_, interval) = search(&mut patience, Duration::from_mins(1), NOW, 30);
    assert_eq!(interval, KEEPALIVE_LONGEST);
}

#[test]
fn the_first_interval_is_modest_and_the_first_success_doubles_it_at_least() {
    let mut patience = Patience::default();
    assert_eq!(patience.interval(NOW, KEEPALIVE_LONGEST), KEEPALIVE_START);
    patience.outlived(KEEPALIVE_START);
    assert!(patience.interval(NOW, KEEPALIVE_LONGEST) >= KEEPALIVE_START * 2);
}

#[test]
fn the_networks_used_longest_ago_are_forgotten() {
    let mut networks = Networks::default();
    let patience = Patience { outlived: 600, ..Patience::default() };
    let id = |number: usize| NetworkId::new(format!("network {number}"));
    for number in 0..KEEPALIVE_NETWORKS + 3 {
        networks.put(&id(number), patience);
        networks.put(&id(0), patience);
    }
    assert_eq!(networks.known.len(), KEEPALIVE_NETWORKS);
    assert_eq!(networks.get(&id(0)), Some(patience), "used all the time");
    assert_eq!(networks.get(&id(1)), None);
    let stored = encode(&networks).unwrap();
    assert!(!stored.windows(7).any(|bytes| bytes == b"network"), "names of places are not kept");
    assert_eq!(decode::<Networks>(&stored).unwrap().get(&id(0)), Some(patience));
}
