//! `send`, and `group send`, which is the same for groups only.

use heliograph_client::{DeliveryState, Security};
use serde_json::json;

use crate::action::{Target, open};
use crate::commands::{Setting, group};
use crate::failure::Failure;
use crate::one_shot::OneShot;

/// Sends one message and waits until it is safe on the server.
pub async fn run(setting: &Setting, to: String, text: String, only_groups: bool) -> Result<(), Failure> {
    if text.is_empty() {
        return Err(Failure::Input("There is nothing to send.".into()));
    }
    let shot = OneShot::open(&setting.folder, setting.deadline, setting.json)?;
    let message = shot
        .run(async |shot| {
            let id = if only_groups {
                group::group_named(shot, to)?
            } else {
                open(shot.client(), Target::Named(to)).await?
            };
            let work = shot.send(id, &text);
            shot.connected_until("the server does not have the message yet", true, work).await
        })
        .await?;
    let how = match message.security {
        Security::Encrypted => "end-to-end encrypted",
        Security::Plain => "NOT encrypted",
    };
    let sentence = match message.state {
        DeliveryState::Delivered | DeliveryState::Displayed => format!("Delivered, {how}."),
        _ => format!("Sent, {how}."),
    };
    let fields = json!({
        "conversation": message.conversation.0,
        "row": message.row,
        "state": message.state,
        "security": message.security,
    });
    setting.done(&sentence, &fields)
}
