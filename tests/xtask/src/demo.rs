//! `cargo xtask demo`: three phones hold an encrypted group conversation over a real server while one of them drops off the
//! network and comes back.
//!
//! The phones are separate processes with separate stores, each behind a wire of its own; the server is a Prosody on
//! loopback with a certificate authority that lives for this run. What is told is told when it happens, by the phones
//! themselves. At the end everything is counted, and every file that the server or a phone wrote is searched for what was
//! said. It fails if anything was lost, shown twice, or found in plain.
//!
//! Read first: [`script`], what happens; [`verdict`], how it is judged.

mod cast;
mod narration;
mod script;
mod search;
mod timelines;
mod verdict;

use std::process::{Command, ExitCode};

use anyhow::{Context, ensure};
use heliograph_lab::{Options, Server, workspace};

use crate::setup;
use cast::Cast;
use narration::Narrator;

/// How the demonstration is given.
#[derive(clap::Args)]
pub struct Arguments {
    /// Keep the server's and the phones' files, and say where they are.
    #[arg(long)]
    keep: bool,
}

/// Gives the demonstration and judges it.
pub async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    setup::build_programs()?;
    let tree = setup::any_server()?;
    build()?;

    let runs = workspace::target().join("demo");
    std::fs::create_dir_all(&runs).context("creating the demo's folder")?;
    let mut folder =
        tempfile::Builder::new().prefix("run-").tempdir_in(&runs).context("creating a folder")?;
    folder.disable_cleanup(arguments.keep);

    let narrator = Narrator::start(&script::CAST.map(script::Who::name));
    narrator.act("A server, and three phones");
    let options = Options {
        domain: "harbour.test".into(),
        ..Options::with_accounts(&script::CAST.map(script::Who::name))
    };
    let server = Server::start(&tree, &folder.path().join("server"), options).await?;
    narrator.tell(&format!(
        "{} serves {} on {}, with a certificate authority made for this run",
        tree.name,
        server.domain(),
        server.direct_tls_address(),
    ));

    let mut cast = Cast::assemble(&server, folder.path(), &narrator).await?;
    let outcome = play(&mut cast, &server, &narrator, folder.path()).await;
    match outcome {
        Ok(true) => {
            cast.leave().await?;
            if arguments.keep {
                println!("\nAll files are in {}", folder.path().display());
            }
            Ok(ExitCode::SUCCESS)
        }
        Ok(false) => {
            folder.disable_cleanup(true);
            println!("All files are in {}", folder.path().display());
            Ok(ExitCode::FAILURE)
        }
        Err(error) => {
            folder.disable_cleanup(true);
            narrator.finish().await;
            Err(error.context(format!("the files are in {}", folder.path().display())))
        }
    }
}

/// Plays the script, shows the timelines, judges. Whether all is well.
async fn play(
    cast: &mut Cast,
    server: &Server,
    narrator: &Narrator,
    folder: &std::path::Path,
) -> anyhow::Result<bool> {
    script::play(cast, narrator).await?;
    narrator.finish().await;
    let timelines = timelines::collect(cast).await?;
    timelines.print();
    let counted = verdict::count(cast, &timelines);
    counted.print();
    let searched = search::search(cast, server, folder)?;
    searched.print();
    Ok(verdict::pronounce(&counted, &searched))
}

/// Builds the terminal shell, with cargo's own progress on the terminal. One that the environment names is taken as it is.
fn build() -> anyhow::Result<()> {
    if std::env::var_os(workspace::BINARY_VARIABLE).is_some() {
        return Ok(());
    }
    let status = Command::new("cargo")
        .current_dir(workspace::root())
        .args(["build", "-p", "heliograph"])
        .status()
        .context("starting cargo")?;
    ensure!(status.success(), "the terminal shell does not build");
    Ok(())
}
