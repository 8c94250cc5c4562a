//! `room join`.

use heliograph_client::{Address, ConversationState};
use serde_json::json;

use crate::action::{Action, Outcome, perform};
use crate::arguments::RoomCommand;
use crate::commands::Setting;
use crate::failure::Failure;
use crate::harmless;
use crate::one_shot::OneShot;

/// Runs a room command.
pub async fn run(setting: &Setting, command: RoomCommand) -> Result<(), Failure> {
    let RoomCommand::Join { room, nick } = command;
    join(setting, room, nick).await
}

async fn join(setting: &Setting, room: Address, nick: Option<String>) -> Result<(), Failure> {
    let shown = harmless::line(&room.to_string());
    let shot = OneShot::open(&setting.folder, setting.deadline, setting.json)?;
    let joined = shot
        .run(async |shot| {
            let work = async {
                let Outcome::Conversation(id) = perform(shot.client(), Action::Join { room, nick }).await?
                else {
                    return Err(Failure::NoSuchConversation);
                };
                shot.conversation(id, None, |room, _| room.state == ConversationState::Active).await
            };
            shot.connected_until("the room has not let us in yet", true, work).await
        })
        .await?;
    let sentence = format!("Joined {shown} (not encrypted): conversation {}.", joined.id.0);
    setting.done(&sentence, &json!({ "conversation": joined.id.0 }))
}
