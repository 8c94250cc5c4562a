//! What tests of the connection policy ask of a world: a phone in each of its situations, and what it does there.

use std::path::Path;
use std::time::Duration;

use heliograph_model::{NetworkId, NetworkState, PowerState};
use heliograph_sync::{Input, Situation};

use super::{Plan, World};
use crate::model::Effort;

/// Of what [`World::at_rest`] is made.
const SEED: u64 = 11;

/// Two phones that talk only when told to.
pub const TWO_AT_REST: Plan =
    Plan { phones: 2, late: 0, turns: 0, texts: 0, cut: 0, forget: 0, kill: 0, repeat: 0 };

/// A phone that is asked to save power.
const SAVING: PowerState = PowerState { low_power: true, charging: false, idle: false };

impl World {
    /// Two phones in a group, at rest; the first one on a network with the name "home".
    pub fn at_rest(folder: &Path) -> Self {
        println!("seed {SEED}");
        let mut world = Self::new(folder, SEED, TWO_AT_REST);
        world.input(0, Input::Network(network("home")));
        world.make_group();
        world
    }

    /// Brings the first phone into a situation.
    pub fn enter(&mut self, situation: Situation) {
        self.input(0, Input::AppState { foreground: situation == Situation::Foreground });
        match situation {
            Situation::Foreground | Situation::Background => {}
            Situation::PushWake => self.input(0, Input::PushWake { begins: true }),
            Situation::LowPower => self.input(0, Input::Power(SAVING)),
            Situation::Offline => self.input(0, Input::Network(NetworkState::unavailable())),
        }
        let connection = self.phone(0).connection.as_ref().expect("it has said how it is connected");
        assert_eq!(connection.situation, situation);
    }

    /// What the first phone did since this was asked last.
    pub fn take_effort(&mut self) -> Effort {
        std::mem::take(&mut self.phone_mut(0).effort)
    }

    /// How long the first phone sleeps from now on.
    pub fn next_wake(&self) -> Duration {
        self.phone(0).wake_at.expect("something to wake for").since(self.now())
    }
}

/// A network that can be told from others.
pub fn network(name: &str) -> NetworkState {
    NetworkState::on(NetworkId::new(name))
}
