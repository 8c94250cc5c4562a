//! `cargo xtask test`: every check there is, stage by stage, with a closing table.
//!
//! A stage passes, fails, or can't run. One that can't run because something is missing makes the command fail like a failed
//! one, so that nobody takes half of the checks for all of them; `--allow-missing` is for machines where that is known.
//! Output is kept in `target/xtask-logs/STAGE.log`; that of a stage that fails is shown, and what failed in it once more at the
//! end.
//!
//! Read first: [`stage::Stage`].

pub mod android;
mod arm64;
mod counts;
mod failures;
pub mod kotlin;
pub mod process;
mod python;
pub mod stage;
pub mod stand;
mod swift;
mod targets;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::ValueEnum;
use comfy_table::Table;
use console::style;
use heliograph_lab::workspace;

use crate::table;
use counts::Counts;
use stage::Stage;

/// What to check.
#[derive(clap::Args)]
pub struct Arguments {
    /// Only this stage; may be given several times.
    #[arg(long, value_enum)]
    stage: Vec<Stage>,
    /// Also what takes long and finds little: emulated processors, Swift under the thread sanitizer.
    #[arg(long)]
    all: bool,
    /// Pass even if stages could not run because something is missing here.
    #[arg(long)]
    allow_missing: bool,
}

/// How a stage ended.
pub enum Outcome {
    /// All is well.
    Passed(Counts),
    /// Something is wrong with the project.
    Failed {
        /// What was counted until then.
        counts: Counts,
        /// What to show of it.
        output: String,
        /// What of it to show once more at the end.
        failures: Vec<String>,
    },
    /// Something that it needs is not to be had here.
    Missing {
        /// What, and how to get it.
        reason: String,
    },
}

struct Report {
    stage: Stage,
    outcome: Outcome,
    took: Duration,
}

/// Runs the stages in order and judges.
pub async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    std::fs::create_dir_all(logs()).context("creating the folder for logs")?;
    let chosen = |stage: &Stage| {
        arguments.stage.contains(stage)
            || arguments.stage.is_empty() && (arguments.all || !stage.is_on_demand())
    };
    let stages = Stage::value_variants().iter().copied().filter(chosen);
    let mut reports = Vec::new();
    for stage in stages {
        println!("{} {}: {}", style("▶").cyan(), style(stage.name()).bold(), stage.purpose());
        let start = Instant::now();
        let outcome = stage.run(arguments.all).await?;
        let report = Report { stage, outcome, took: start.elapsed() };
        report.print();
        reports.push(report);
    }
    println!("\n{}", closing_table(&reports));
    reports.iter().for_each(Report::print_failures);
    let (passed, failed, missing) = totals(&reports);
    if missing > 0 {
        let consequence =
            if arguments.allow_missing { "which was allowed" } else { "which counts as failed" };
        println!("{missing} of {} stages could not run, {consequence}.", reports.len());
    }
    let failed = if arguments.allow_missing { failed } else { failed + missing };
    println!("{passed} passed, {failed} failed");
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Where the stages' output is kept.
fn logs() -> std::path::PathBuf {
    workspace::target().join("xtask-logs")
}

impl Report {
    fn print(&self) {
        let seconds = seconds(self.took);
        match &self.outcome {
            Outcome::Passed(counts) => println!("  {} {counts} in {seconds}", style("passed").green()),
            Outcome::Failed { counts, output, .. } => {
                println!("{output}");
                let log = logs().join(format!("{}.log", self.stage.name()));
                println!(
                    "  {} {counts} in {seconds}; everything is in {}",
                    style("FAILED").red(),
                    log.display()
                );
            }
            Outcome::Missing { reason } => println!("  {} {reason}", style("missing").yellow()),
        }
    }

    fn print_failures(&self) {
        if let Outcome::Failed { failures, .. } = &self.outcome {
            println!("{} {}:", style("FAILED").red(), self.stage.name());
            for line in failures {
                println!("  {line}");
            }
        }
    }
}

/// Checks that passed, checks that failed, stages that could not run. A stage without tests of its own is one check, and
/// so is what fails outside of a test, such as a build.
fn totals(reports: &[Report]) -> (u64, u64, u64) {
    reports.iter().fold((0, 0, 0), |(passed, failed, missing), report| match &report.outcome {
        Outcome::Passed(counts) => (passed + counts.passed.max(1), failed, missing),
        Outcome::Failed { counts, .. } => (passed + counts.passed, failed + counts.failed.max(1), missing),
        Outcome::Missing { .. } => (passed, failed, missing + 1),
    })
}

fn closing_table(reports: &[Report]) -> Table {
    let mut table = table::new(["stage", "result", "passed", "failed", "ignored", "time"]);
    for report in reports {
        let (result, counts) = match &report.outcome {
            Outcome::Passed(counts) => (style("passed").green(), Some(counts)),
            Outcome::Failed { counts, .. } => (style("FAILED").red(), Some(counts)),
            Outcome::Missing { .. } => (style("missing").yellow(), None),
        };
        let count =
            |number: fn(&Counts) -> u64| counts.map(|counts| number(counts).to_string()).unwrap_or_default();
        table.add_row([
            report.stage.name().to_owned(),
            result.to_string(),
            count(|counts| counts.passed),
            count(|counts| counts.failed),
            count(|counts| counts.ignored),
            seconds(report.took),
        ]);
    }
    table::align_numbers(&mut table, 2);
    table
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Counts, Outcome, Report, Stage, totals};

    fn report(outcome: Outcome) -> Report {
        Report { stage: Stage::Unit, outcome, took: Duration::ZERO }
    }

    fn counts(passed: u64, failed: u64) -> Counts {
        Counts { passed, failed, ignored: 0 }
    }

    #[test]
    fn a_failure_without_a_failed_test_still_counts() {
        let reports = [
            report(Outcome::Passed(counts(0, 0))),
            report(Outcome::Passed(counts(12, 0))),
            report(Outcome::Failed { counts: counts(3, 2), output: String::new(), failures: Vec::new() }),
            report(Outcome::Failed { counts: counts(0, 0), output: String::new(), failures: Vec::new() }),
            report(Outcome::Missing { reason: String::new() }),
        ];
        assert_eq!(totals(&reports), (1 + 12 + 3, 2 + 1, 1));
    }
}
