//! `chat`: a session at a prompt, over a pipe, or for a script.

use std::io::IsTerminal;
use std::time::Duration;

use heliograph_client::Client;

use crate::action::{Action, Target};
use crate::commands::{Setting, now};
use crate::failure::Failure;
use crate::input::read_stdin;
use crate::json_face::JsonFace;
use crate::one_shot;
use crate::screen::Screen;
use crate::session::{self, Plan};
use crate::talk::{Scope, Talk};
use crate::terminal::Terminal;
use crate::typed::SCREENFUL;

/// Runs until the user leaves.
pub async fn run(setting: &Setting, contact: Option<String>) -> Result<(), Failure> {
    let client = Client::open(setting.folder.account()?)?;
    let result = talk(setting, &client, contact).await;
    one_shot::close(client).await;
    match result {
        // Whoever read our output is gone: nothing is left to be said to anybody.
        Err(failure) if failure.is_reader_gone() => Ok(()),
        other => other,
    }
}

async fn talk(setting: &Setting, client: &Client, contact: Option<String>) -> Result<(), Failure> {
    let scope = if contact.is_some() { Scope::Here } else { Scope::Everywhere };
    let first = contact.map(|word| Action::Open { to: Target::Named(word), limit: SCREENFUL });
    let me = client.address().clone();
    if setting.json {
        let mut face = JsonFace::new(std::io::stdout());
        // A script sees every state and says `quit` when it has seen enough; nothing is waited for.
        let plan = Plan { first, linger: Duration::ZERO };
        return session::run(client, &mut face, read_stdin(), plan).await;
    }
    if !(std::io::stdin().is_terminal() && std::io::stdout().is_terminal()) {
        let mut face = Talk::new(me, setting.look, Screen::Output, scope, now);
        let plan = Plan { first, linger: setting.deadline };
        return session::run(client, &mut face, read_stdin(), plan).await;
    }
    let mut terminal = Terminal::new();
    let screen = terminal.take_screen().unwrap_or(Screen::Output);
    let mut face = Talk::new(me, setting.look, screen, scope, now);
    let mut editing = terminal.start(face.standing(), setting.look);
    let lines = editing.take_lines();
    let plan = Plan { first, linger: Duration::ZERO };
    let result = session::run(client, &mut face, lines, plan).await;
    editing.stop();
    result
}
