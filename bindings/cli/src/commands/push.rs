//! `push` and `catch-up`: being woken by the server (XEP-0357), and what a phone does then.

use std::io::BufRead;
use std::time::Duration;

use heliograph_client::{CatchUpEnd, Error, PushState, PushTarget};
use serde_json::json;

use crate::action::{Action, Outcome, perform};
use crate::arguments::PushCommand;
use crate::commands::Setting;
use crate::failure::Failure;
use crate::json_event::{self, PushFields};
use crate::one_shot::OneShot;

/// Runs a push command.
pub async fn run(setting: &Setting, command: PushCommand) -> Result<(), Failure> {
    match command {
        PushCommand::Enable { service, node, options_stdin } => {
            let options = if options_stdin { options(&mut std::io::stdin().lock())? } else { Vec::new() };
            enable(setting, PushTarget { service, node, options }).await
        }
        PushCommand::Disable => disable(setting).await,
        PushCommand::Status => status(setting).await,
    }
}

async fn enable(setting: &Setting, target: PushTarget) -> Result<(), Failure> {
    settle(setting, Action::EnablePush(target), "the server has not confirmed it yet").await
}

async fn disable(setting: &Setting) -> Result<(), Failure> {
    settle(setting, Action::DisablePush, "the server has not taken it back yet").await
}

/// Notes the wish, connects, and waits for the server's word about it.
async fn settle(setting: &Setting, wish: Action, waiting_for: &'static str) -> Result<(), Failure> {
    let shot = OneShot::open(&setting.folder, setting.deadline, setting.json)?;
    let state = shot
        .run(async |shot| {
            perform(shot.client(), wish).await?;
            let mut changes = shot.client().push_changes();
            let settled = async {
                loop {
                    match changes.next().await? {
                        PushState::Pending(_) | PushState::Stopping => {}
                        PushState::Refused(_, code) => {
                            return Err(Error::new(code, "the server refused push").into());
                        }
                        settled => return Ok(settled),
                    }
                }
            };
            shot.connected_until(waiting_for, true, settled).await
        })
        .await?;
    say(setting, &state)
}

async fn status(setting: &Setting) -> Result<(), Failure> {
    let shot = OneShot::open(&setting.folder, setting.deadline, setting.json)?;
    let state = shot.run(async |shot| Ok(shot.client().push()?)).await?;
    say(setting, &state)
}

fn say(setting: &Setting, state: &PushState) -> Result<(), Failure> {
    setting.done(&setting.look.push(state), &json!(PushFields::from(state)))
}

/// Connects, fetches, and is gone again before the deadline, as a phone does after a push.
pub async fn catch_up(setting: &Setting, deadline: Duration) -> Result<(), Failure> {
    let shot = OneShot::open(&setting.folder, deadline, setting.json)?;
    let outcome = shot
        .run(async |shot| {
            shot.say("catching up");
            perform(shot.client(), Action::CatchUp { deadline }).await
        })
        .await?;
    let Outcome::CaughtUp(report) = &outcome else { return Ok(()) };
    match report.end {
        CatchUpEnd::Complete | CatchUpEnd::Offline | CatchUpEnd::Suspended => {
            setting.done(&setting.look.caught_up(report), &json_event::outcome(&outcome))
        }
        CatchUpEnd::Deadline => Err(Failure::TimedOut {
            waiting_for: "not everything that waited is here yet",
            seconds: deadline.as_secs(),
            kept: true,
        }),
        CatchUpEnd::Failed(code) => Err(Error::new(code, "no connection before the deadline").into()),
    }
}

/// One option per line, `NAME=VALUE`. Not from the command line: other users of a machine can read that, and whoever knows
/// them can wake the phone.
fn options(input: &mut impl BufRead) -> Result<Vec<(String, String)>, Failure> {
    let mut options = Vec::new();
    for line in input.lines() {
        let line = line.map_err(|source| Failure::File { what: "The input", source })?;
        let (name, value) = line
            .split_once('=')
            .ok_or_else(|| Failure::Input("Each line of the options is NAME=VALUE.".to_owned()))?;
        options.push((name.to_owned(), value.to_owned()));
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::options;

    #[test]
    fn options_are_lines_and_a_value_may_hold_anything_but_a_line_end() {
        let read = options(&mut "secret=a=b \ntoken=\n".as_bytes()).unwrap();
        assert_eq!(read, [("secret".to_owned(), "a=b ".to_owned()), ("token".to_owned(), String::new())]);
        assert!(options(&mut "nonsense\n".as_bytes()).is_err());
        assert!(options(&mut "".as_bytes()).unwrap().is_empty());
    }
}
