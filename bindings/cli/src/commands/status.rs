//! `status`: how the account stands.

use heliograph_client::ConnectionState;

use crate::action::status;
use crate::commands::{Setting, now};
use crate::failure::Failure;
use crate::json_event;
use crate::one_shot::OneShot;

/// Shows what is in the store, and, unless told to leave the network alone, whether the server lets us in. That it does
/// not is an answer here and no failure.
pub async fn run(setting: &Setting, offline: bool) -> Result<(), Failure> {
    let shot = OneShot::open(&setting.folder, setting.deadline, setting.json)?;
    let status = shot
        .run(async |shot| {
            if !offline {
                let tried = async {
                    let mut changes = shot.client().connection_changes();
                    loop {
                        let connection = changes.next().await?;
                        let gave_up =
                            matches!(connection.state, ConnectionState::Waiting | ConnectionState::Stopped);
                        if connection.caught_up || gave_up {
                            return Ok(());
                        }
                    }
                };
                // That it failed is an answer: the status that follows carries the reason.
                let _ = shot.connected_until("catching up", true, tried).await;
            }
            status(shot.client())
        })
        .await?;
    if setting.json {
        return setting.print(&json_event::line(&json_event::status(&status))?);
    }
    setting.print(&setting.look.status(&status, now()))
}
