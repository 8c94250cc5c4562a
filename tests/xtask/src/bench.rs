//! `cargo xtask bench`: runs the measuring programs in release mode.
//!
//! They are the benchmark targets (`[[bench]]`) of `tests/suites`: each prints its own table of ratios and fails if it can't
//! measure. None is named here, so that a new one needs nothing but its file.

use std::process::{Command, ExitCode};

use anyhow::{Context, ensure};
use cargo_metadata::TargetKind;
use heliograph_lab::workspace;

use crate::layers;
use crate::setup;

/// The crate that has the measuring programs.
const SUITES: &str = "heliograph-suites";

/// What to measure.
#[derive(clap::Args)]
pub struct Arguments {
    /// Only the measuring program of this name.
    name: Option<String>,
}

/// Runs them one after the other: side by side they would measure each other.
pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    setup::build_programs()?;
    let metadata = layers::metadata()?;
    let benches: Vec<String> = metadata
        .packages
        .iter()
        .filter(|package| package.name.as_str() == SUITES)
        .flat_map(|package| &package.targets)
        .filter(|target| target.kind.contains(&TargetKind::Bench))
        .map(|target| target.name.clone())
        .filter(|name| arguments.name.as_ref().is_none_or(|wanted| wanted == name))
        .collect();
    ensure!(!benches.is_empty(), "{SUITES} has no such benchmark target");
    let mut code = ExitCode::SUCCESS;
    for bench in benches {
        println!("{}", console::style(format!("== {bench}")).bold());
        let status = Command::new("cargo")
            .current_dir(workspace::root())
            .args(["bench", "--quiet", "-p", SUITES, "--bench", &bench])
            .status()
            .context("starting cargo")?;
        if !status.success() {
            code = ExitCode::FAILURE;
        }
    }
    Ok(code)
}
