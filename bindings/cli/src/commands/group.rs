//! `group create`, `invite`, `remove` and `send`.

use heliograph_client::{Address, ConversationId, ConversationKind, ConversationState, Error, Member};
use serde_json::json;

use crate::action::{Target, existing};
use crate::arguments::GroupCommand;
use crate::commands::{Setting, send};
use crate::failure::Failure;
use crate::harmless;
use crate::one_shot::OneShot;

/// Runs a group command.
pub async fn run(setting: &Setting, command: GroupCommand) -> Result<(), Failure> {
    match command {
        GroupCommand::Create { name, members } => create(setting, name, members).await,
        GroupCommand::Invite { group, members } => change(setting, group, members, Change::Invite).await,
        GroupCommand::Remove { group, members } => change(setting, group, members, Change::Remove).await,
        GroupCommand::Send { group, text } => send::run(setting, group, text, true).await,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    Invite,
    Remove,
}

async fn create(setting: &Setting, name: String, members: Vec<Address>) -> Result<(), Failure> {
    let shot = OneShot::open(&setting.folder, setting.deadline, setting.json)?;
    let id = shot
        .run(async |shot| {
            let work = async {
                shot.caught_up().await?;
                let id = shot.client().create_group(&name, &members).await?;
                let group = shot
                    .conversation(id, None, |group, inside| {
                        group.state == ConversationState::Active
                            && members.iter().all(|member| is_inside(inside, member))
                    })
                    .await?;
                shot.quiet().await;
                Ok(group)
            };
            shot.connected_until("the group is being set up", true, work).await
        })
        .await?
        .id;
    let shown = harmless::line(&name);
    let sentence =
        format!("Group {} ({shown}) is ready, encrypted, with {} members.", id.0, members.len() + 1);
    setting.done(&sentence, &json!({ "conversation": id.0 }))
}

fn is_inside(inside: &[Member], account: &Address) -> bool {
    inside.iter().any(|member| member.address == *account)
}

async fn change(
    setting: &Setting,
    group: String,
    members: Vec<Address>,
    change: Change,
) -> Result<(), Failure> {
    let shot = OneShot::open(&setting.folder, setting.deadline, setting.json)?;
    let id = shot
        .run(async |shot| {
            let id = group_named(shot, group)?;
            let old = shot.client().conversation(id)?.failure;
            let work = async {
                shot.caught_up().await?;
                if change == Change::Invite {
                    shot.client().invite(id, &members).await?;
                } else {
                    shot.client().remove(id, &members).await?;
                }
                shot.conversation(id, old, |_, inside| {
                    members.iter().all(|member| is_inside(inside, member) == (change == Change::Invite))
                })
                .await?;
                shot.quiet().await;
                Ok(())
            };
            match shot.connected_until("the group has not taken the change yet", true, work).await {
                // A reason that stood there before may be the reason again: then it is the better answer.
                Err(late @ Failure::TimedOut { .. }) => match shot.client().conversation(id)?.failure {
                    Some(code) => Err(Error::new(code, "the group did not change").into()),
                    None => Err(late),
                },
                done => done.map(|()| id),
            }
        })
        .await?;
    let sentence = match change {
        Change::Invite => "Invited. From now on they can read what is said in the group.",
        Change::Remove => "Removed. They can't read what is said in the group from now on.",
    };
    setting.done(sentence, &json!({ "conversation": id.0 }))
}

/// The group that is meant; a chat or an ordinary room is none.
pub fn group_named(shot: &OneShot, word: String) -> Result<ConversationId, Failure> {
    let id = existing(shot.client(), Target::Named(word))?;
    if shot.client().conversation(id)?.kind != ConversationKind::Group {
        return Err(Failure::Input("This conversation is not an encrypted group.".into()));
    }
    Ok(id)
}
