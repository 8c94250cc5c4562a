//! What the operating system last said, for an engine that was not there to hear it.

use heliograph_model::{NetworkState, PowerState};
use heliograph_sync::Input;

/// See the module. What was never said is left to the engine's defaults.
#[derive(Default)]
pub(crate) struct Condition {
    network: Option<NetworkState>,
    power: Option<PowerState>,
    foreground: Option<bool>,
}

impl Condition {
    /// Notes an input of this kind.
    pub fn note(&mut self, input: &Input) {
        match input {
            Input::Network(network) => self.network = Some(network.clone()),
            Input::Power(power) => self.power = Some(*power),
            Input::AppState { foreground } => self.foreground = Some(*foreground),
            _ => {}
        }
    }

    /// What an engine that begins has to be told.
    pub fn inputs(&self) -> impl Iterator<Item = Input> {
        let network = self.network.clone().map(Input::Network);
        let power = self.power.map(Input::Power);
        let app = self.foreground.map(|foreground| Input::AppState { foreground });
        [network, power, app].into_iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_that_begins_is_told_the_newest_of_each_and_nothing_that_nobody_said() {
        let mut condition = Condition::default();
        assert_eq!(condition.inputs().count(), 0);
        let saving = PowerState { low_power: true, ..PowerState::default() };
        for input in
            [Input::Network(true.into()), Input::Network(false.into()), Input::Power(saving), Input::Start]
        {
            condition.note(&input);
        }
        let told: Vec<Input> = condition.inputs().collect();
        assert_eq!(told, [Input::Network(NetworkState::unavailable()), Input::Power(saving)]);
    }
}
