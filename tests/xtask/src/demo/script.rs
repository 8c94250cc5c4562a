//! What happens: who says what, and when the network fails.

use std::time::Duration;

use anyhow::ensure;
use heliograph_lab::policy::NETWORK;
use heliograph_lab::{Command, LabError};
use heliograph_model::{DeliveryState, Security};

use super::cast::Cast;
use super::narration::Narrator;

/// The group's name.
pub const GROUP: &str = "Night watch";

/// How long an invitation to a group may take: keys are fetched, an MLS group is made, its room is entered.
const GROUP_READY: Duration = NETWORK;

/// A person with a phone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Makes the group.
    Ana,
    /// Is invited.
    Ben,
    /// Is invited, and loses her network.
    Chloe,
}

/// Everybody, in the order of their columns.
pub const CAST: [Who; 3] = [Who::Ana, Who::Ben, Who::Chloe];

impl Who {
    /// The name of the person, and of the account.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ana => "ana",
            Self::Ben => "ben",
            Self::Chloe => "chloe",
        }
    }
}

/// Somebody says something in the group.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    /// Who.
    pub who: Who,
    /// What. No two lines are the same, so that each can be counted.
    pub text: &'static str,
}

const fn line(who: Who, text: &'static str) -> Line {
    Line { who, text }
}

/// While everybody is there.
const TOGETHER: [Line; 4] = [
    line(Who::Ana, "Good evening. Wind is turning, gusts of 40 knots after ten."),
    line(Who::Ben, "Copy. The pilot boat stays in until it's through."),
    line(Who::Chloe, "I'm driving out to the lighthouse, 20 minutes."),
    line(Who::Ana, "Take the inland road, the causeway floods at nine."),
];

/// While Chloe has no network.
const APART: [Line; 3] = [
    line(Who::Ben, "Chloe, the keeper's key is under the third step."),
    line(Who::Ana, "Harbour office says the ferry is cancelled."),
    line(Who::Ben, "Then we keep the north basin free tonight."),
];

/// What Chloe writes meanwhile; it waits on her phone.
const FROM_NOWHERE: [Line; 2] = [
    line(Who::Chloe, "At the lighthouse. No bars out here, sending this anyway."),
    line(Who::Chloe, "Lamp is lit & turning, generator at 80 %."),
];

/// When everybody is there again.
const REUNITED: [Line; 2] = [
    line(Who::Ben, "There you are! Both of yours came through."),
    line(Who::Chloe, "And all of yours. Found the key."),
];

/// Every line of the script, in the order in which it is spoken.
pub fn lines() -> impl Iterator<Item = Line> {
    TOGETHER.into_iter().chain(APART).chain(FROM_NOWHERE).chain(REUNITED)
}

/// Plays it to the end. An error is something that did not happen in time.
pub async fn play(cast: &mut Cast, narrator: &Narrator) -> anyhow::Result<()> {
    narrator.act("A group that only its members can read");
    found_group(cast, narrator).await?;

    narrator.act("A conversation");
    for line in TOGETHER {
        say(cast, line).await?;
        heard(cast, &[line], &CAST).await?;
    }

    narrator.act("Chloe drives out of coverage");
    let chloe = cast.actor_mut(Who::Chloe);
    chloe.wire.cut();
    // What the operating system of a real phone would tell the app.
    chloe.phone.request(&Command::Network { available: false }).await?;
    chloe.phone.until("losing the network", NETWORK, |view| (!view.is_online()).then_some(())).await?;
    let at_the_cut = cast.actor(Who::Chloe).wire.traffic();
    for (line, unheard) in APART.into_iter().zip(FROM_NOWHERE.map(Some).into_iter().chain([None])) {
        say(cast, line).await?;
        heard(cast, &[line], &[Who::Ana, Who::Ben]).await?;
        if let Some(unheard) = unheard {
            say(cast, unheard).await?;
        }
    }

    let meanwhile = cast.actor(Who::Chloe).wire.traffic() - at_the_cut;
    ensure!(
        meanwhile.bytes_up + meanwhile.bytes_down == 0,
        "the wire was cut and still carried {} bytes",
        meanwhile.bytes_up + meanwhile.bytes_down
    );
    narrator.tell("chloe's wire carried 0 bytes meanwhile");

    narrator.act("Her network is back");
    let chloe = cast.actor_mut(Who::Chloe);
    chloe.wire.heal();
    chloe.phone.request(&Command::Network { available: true }).await?;
    heard(cast, &APART, &[Who::Chloe]).await?;
    heard(cast, &FROM_NOWHERE, &CAST).await?;
    for line in REUNITED {
        say(cast, line).await?;
        heard(cast, &[line], &CAST).await?;
    }
    for line in lines() {
        let phone = &cast.actor(line.who).phone;
        let delivered = |view: &heliograph_lab::phone::View| {
            view.reached(line.text, DeliveryState::Delivered).then_some(())
        };
        phone.until(&format!("the delivery of \"{}\"", line.text), NETWORK, delivered).await?;
    }
    Ok(())
}

async fn found_group(cast: &mut Cast, narrator: &Narrator) -> anyhow::Result<()> {
    let members: Vec<String> =
        [Who::Ben, Who::Chloe].map(|who| cast.actor(who).phone.config().address.clone()).into();
    let ana = &mut cast.actor_mut(Who::Ana).phone;
    ana.request_within(&Command::group(GROUP, &members), GROUP_READY).await?;
    let everybody = CAST.len();
    for who in CAST {
        let ready = |view: &heliograph_lab::phone::View| {
            let group = view.active(GROUP)?;
            (group.security == Security::Encrypted && group.members.len() == everybody).then_some(())
        };
        cast.actor(who).phone.until("the group with everybody in it", GROUP_READY, ready).await?;
    }
    narrator.tell(&format!("\"{GROUP}\" stands: {everybody} members, all say it is encrypted"));
    Ok(())
}

async fn say(cast: &mut Cast, line: Line) -> Result<(), LabError> {
    cast.actor_mut(line.who).phone.request(&Command::message(GROUP, line.text)).await.map(drop)
}

/// Waits until each of these people sees each of these lines.
async fn heard(cast: &Cast, lines: &[Line], by: &[Who]) -> Result<(), LabError> {
    for who in by {
        for line in lines {
            let seen = |view: &heliograph_lab::phone::View| view.saying(line.text).next().map(drop);
            cast.actor(*who).phone.until(&format!("\"{}\"", line.text), NETWORK, seen).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{APART, CAST, FROM_NOWHERE, Who, lines};

    #[test]
    fn every_line_can_be_counted_and_searched_for() {
        let texts: BTreeSet<&str> = lines().map(|line| line.text).collect();
        assert_eq!(texts.len(), lines().count());
        assert!(texts.iter().all(|text| text.len() > 20), "short texts are found by chance");
        assert!(CAST.iter().all(|who| lines().any(|line| line.who == *who)));
    }

    #[test]
    fn nobody_speaks_out_of_turn_while_the_network_is_gone() {
        assert!(APART.iter().all(|line| line.who != Who::Chloe));
        assert!(FROM_NOWHERE.iter().all(|line| line.who == Who::Chloe));
    }
}
