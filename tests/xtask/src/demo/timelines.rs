//! What each phone shows at the end, side by side.

use heliograph_lab::LabError;
use heliograph_lab::phone::Message;
use heliograph_model::{DeliveryState, Security};

use super::cast::Cast;
use super::script::{CAST, GROUP, Who};
use crate::table;

/// More than the script has, so that a message that is shown twice is not cut off.
const LIMIT: usize = 200;

/// Each phone's timeline of the group, oldest first.
pub struct Timelines(Vec<(Who, Vec<Message>)>);

/// Asks every phone.
pub async fn collect(cast: &mut Cast) -> Result<Timelines, LabError> {
    let mut timelines = Vec::new();
    for who in CAST {
        timelines.push((who, cast.actor_mut(who).phone.history(GROUP, LIMIT).await?));
    }
    Ok(Timelines(timelines))
}

impl Timelines {
    /// One phone's.
    pub fn of(&self, who: Who) -> &[Message] {
        self.0.iter().find(|(known, _)| *known == who).map_or(&[], |(_, messages)| messages)
    }

    /// All of them, a column each.
    pub fn print(&self) {
        let longest = self.0.iter().map(|(_, messages)| messages.len()).max().unwrap_or(0);
        let mut table = table::new(self.0.iter().map(|(who, _)| format!("{}'s phone", who.name())));
        for row in 0..longest {
            table.add_row(self.0.iter().map(|(_, messages)| messages.get(row).map(cell).unwrap_or_default()));
        }
        println!("\n{}\n{table}", console::style("What the phones show").bold().underlined());
        println!("✓ safe in the archive   ✓✓ delivered to everybody   🔒 end-to-end encrypted");
    }
}

fn cell(message: &Message) -> String {
    let sender = message.sender.split('@').next().unwrap_or_default();
    let lock = match message.security {
        Security::Encrypted => "🔒",
        Security::Plain => "PLAIN",
    };
    let state = match message.state {
        _ if !message.outgoing => "",
        DeliveryState::Queued | DeliveryState::Sending => " …",
        DeliveryState::Sent | DeliveryState::Archived => " ✓",
        DeliveryState::Delivered | DeliveryState::Displayed => " ✓✓",
        DeliveryState::Failed => " ✗",
        DeliveryState::Discarded => " –",
    };
    format!("{lock} {sender}: {}{state}", message.text)
}
