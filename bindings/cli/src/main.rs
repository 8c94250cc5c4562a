//! `heliograph`, the terminal shell: one account of a standard XMPP server, in a terminal, over a pipe or under a
//! script.
//!
//! It shows what `heliograph-client` says and asks it for what the user wants; it decides nothing about messages. With
//! `--json` it speaks a line protocol, one object per line, that the test lab drives phones with.
//!
//! Read first: `arguments.rs` (what can be asked for), then `session.rs` (a running conversation) with its two faces,
//! `json_face.rs` and `talk.rs`.

mod action;
mod arguments;
mod commands;
mod completion;
mod data_folder;
mod delivery;
mod failure;
mod harmless;
mod input;
mod json_command;
mod json_event;
mod json_face;
mod logging;
mod one_shot;
mod password;
mod progress;
mod reference;
mod render;
#[cfg(test)]
mod sample;
mod screen;
mod session;
mod talk;
mod terminal;
mod timeline;
mod typed;

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use serde_json::json;

use crate::arguments::{Arguments, Command};
use crate::commands::Setting;
use crate::data_folder::DataFolder;
use crate::failure::Failure;
use crate::json_event::ErrorFields;
use crate::render::Look;

/// How long tasks that are ending get to do so. The cipher's library cleans up after itself when the process ends, and must
/// not do that under a task that still uses it. Not longer, because a thread may be blocked in reading the input.
const LAST_TASKS: Duration = Duration::from_millis(300);

fn main() -> ExitCode {
    logging::start();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return refuse(&error),
    };
    let json = arguments.json;
    let result = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|source| Failure::File { what: "The runtime", source })
        .and_then(|runtime| {
            let result = runtime.block_on(run(arguments));
            runtime.shutdown_timeout(LAST_TASKS);
            result
        });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            report(&failure, json);
            ExitCode::from(failure.exit_code())
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Failure> {
    let setting = Setting {
        folder: DataFolder::choose(arguments.data.as_deref())?,
        json: arguments.json,
        deadline: arguments.deadline(),
        look: Look::of_output(),
    };
    match arguments.command {
        Command::Account(command) => commands::account::run(&setting, command).await,
        Command::Chat { contact } => commands::chat::run(&setting, contact).await,
        Command::Group(command) => commands::group::run(&setting, command).await,
        Command::Room(command) => commands::room::run(&setting, command).await,
        Command::Send { to, text } => commands::send::run(&setting, to, text, false).await,
        Command::History { conversation: Some(word), limit, older: true } => {
            commands::history::older(&setting, word, limit).await
        }
        Command::History { conversation, limit, .. } => {
            commands::history::history(&setting, conversation, limit).await
        }
        Command::Search { text, within, limit } => {
            commands::history::search(&setting, text, within, limit).await
        }
        Command::Push(command) => commands::push::run(&setting, command).await,
        Command::CatchUp { deadline } => {
            commands::push::catch_up(&setting, Duration::from_secs(deadline)).await
        }
        Command::Status { offline } => commands::status::run(&setting, offline).await,
    }
}

/// Says why a command failed: a sentence on the error output, or an object on the output. If even that can't be
/// written, the exit code remains.
fn report(failure: &Failure, json: bool) {
    if json {
        let object = json!({ "error": ErrorFields::from(failure) });
        if let Ok(line) = json_event::line(&object) {
            let _ = writeln!(std::io::stdout().lock(), "{line}");
        }
    } else {
        let _ = writeln!(std::io::stderr().lock(), "heliograph: {failure}");
    }
}

/// A command line that makes no sense, or a request for help or the version.
fn refuse(error: &clap::Error) -> ExitCode {
    let wrong = error.use_stderr();
    if wrong && std::env::args_os().any(|argument| argument == "--json") {
        let text = error.to_string();
        let reason = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
        report(&Failure::Input(reason.to_owned()), true);
    } else {
        // Nothing can be done about an output that is gone.
        let _ = error.print();
    }
    ExitCode::from(if wrong { 2 } else { 0 })
}
