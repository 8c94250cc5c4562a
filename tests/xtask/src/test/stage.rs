//! The stages: what is checked, in the order in which a mistake is cheapest to learn of.

use anyhow::anyhow;
use clap::ValueEnum;
use heliograph_lab::server::{EJABBERD, PROSODY_012, PROSODY_13};
use heliograph_lab::{SmallDisk, workspace};
use tokio::process::Command;

use super::counts::Counts;
use super::process::Programs;
use super::{Outcome, android, arm64, kotlin, python, swift, targets};
use crate::swift::Swift;
use crate::{jvm, layers, python as python_package, setup};

/// The crate whose tests drive whole clients.
const SUITES: &str = "heliograph-suites";

/// The crate that drives servers and phones; its own tests need the servers.
const LAB: &str = "heliograph-lab";

/// The suites that need no server: they run on a model of one, and once for all servers.
const SUITES_WITHOUT_SERVER: [&str; 14] = [
    "attacks",
    "catching_up",
    "delivery",
    "engine",
    "inbox",
    "markers",
    "order",
    "policy",
    "quarantine",
    "registration",
    "retries",
    "seams",
    "simulation",
    "usage",
];

/// The suite whose phones have a small disk of their own, which not every machine lets us mount. What it checks is the same
/// on every server. Any other suite is run on every server.
const SUITE_ON_SMALL_DISK: &str = "disk";

/// A stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Stage {
    /// `cargo fmt --check`.
    Formatting,
    /// Clippy, warnings as errors.
    Lints,
    /// The graph of crates.
    Layers,
    /// The phones' platforms.
    Targets,
    /// Unit and property tests of all crates.
    Unit,
    /// Many engines on a model of room and server.
    Simulation,
    /// The lab's own tests.
    Lab,
    /// The suites against Prosody 13.
    Prosody13,
    /// The suites against Prosody 0.12.
    Prosody012,
    /// The suites against ejabberd.
    Ejabberd,
    /// Phones on a disk that is full.
    FullDisk,
    /// The bindings, and a foreign client, from Python.
    Python,
    /// The bindings and the iOS app's models, from Swift.
    Swift,
    /// ktlint and detekt.
    KotlinLints,
    /// The Kotlin module on a Java virtual machine.
    Kotlin,
    /// The Android shell under Robolectric.
    Android,
    /// The phones' processor, emulated.
    Arm64,
}

impl Stage {
    /// What it is called in commands, tables and logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Formatting => "formatting",
            Self::Lints => "lints",
            Self::Layers => "layers",
            Self::Targets => "targets",
            Self::Unit => "unit",
            Self::Simulation => "simulation",
            Self::Lab => "lab",
            Self::Prosody13 => "prosody13",
            Self::Prosody012 => "prosody012",
            Self::Ejabberd => "ejabberd",
            Self::FullDisk => "full-disk",
            Self::Python => "python",
            Self::Android => "android",
            Self::Arm64 => "arm64",
            Self::Swift => "swift",
            Self::Kotlin => "kotlin",
            Self::KotlinLints => "kotlin-lints",
        }
    }

    /// What it checks.
    pub fn purpose(self) -> &'static str {
        match self {
            Self::Formatting => "all Rust code is formatted",
            Self::Lints => "the compiler and clippy have nothing to say",
            Self::Targets => "the core compiles for Android and iOS, as far as that shows without their SDKs",
            Self::Layers => "no crate depends on what its layer must not know",
            Self::Unit => "unit and property tests of all crates",
            Self::Simulation => "many engines on a model of room and server, from seeds",
            Self::Lab => "servers, networks and phones under script do what scripts rely on",
            Self::Prosody13 => "whole clients on Prosody 13",
            Self::Prosody012 => "whole clients on Prosody 0.12",
            Self::Ejabberd => "whole clients on ejabberd",
            Self::FullDisk => "phones whose storage is really full, on Prosody 13",
            Self::Arm64 => "the core's own tests on the phones' processor, emulated",
            Self::Kotlin => "the Kotlin module: groups with clients in Rust, cancelling, what is left behind",
            Self::KotlinLints => "ktlint and detekt have nothing to say",
            Self::Python => "two clients through the Python bindings, and a client that nobody here wrote",
            Self::Android => {
                "the Android shell's adapters and screens on two versions of Android, without a phone"
            }
            Self::Swift => "clients through the Swift bindings, and what the iOS app does beside showing it",
        }
    }

    /// Whether it runs only where somebody asks for it, or for all: it takes many minutes, and what it finds is rare.
    pub fn is_on_demand(self) -> bool {
        self == Self::Arm64
    }

    /// Runs it, with `all` also what takes long. An error is one of this command, not of what it checks.
    pub async fn run(self, all: bool) -> anyhow::Result<Outcome> {
        let ready = match self {
            Self::Formatting | Self::Layers | Self::Targets | Self::Arm64 => Ok(()),
            Self::Lints | Self::Unit | Self::Simulation => setup::build_programs(),
            Self::Lab => needs_servers(&[PROSODY_13, PROSODY_012, EJABBERD]),
            Self::Prosody13 => needs_servers(&[PROSODY_13]),
            Self::Prosody012 => needs_servers(&[PROSODY_012]),
            Self::Ejabberd => needs_servers(&[EJABBERD]),
            Self::FullDisk => {
                needs_servers(&[PROSODY_13]).and_then(|()| SmallDisk::check().map_err(Into::into))
            }
            Self::Python => needs_servers(&[PROSODY_13])
                .and_then(|()| python_package::check_tools())
                .and_then(|()| setup::python().map(drop)),
            Self::Android => needs_servers(&[PROSODY_13]).and_then(|()| android::setup()),
            Self::Swift => needs_servers(&[PROSODY_13]).and_then(|()| Swift::find().map(drop)),
            Self::Kotlin => {
                needs_servers(&[PROSODY_13]).and_then(|()| jvm::programs()).and_then(|()| setup::kotlin())
            }
            Self::KotlinLints => jvm::programs().and_then(|()| setup::kotlin()),
        };
        if let Err(missing) = ready {
            return Ok(Outcome::Missing { reason: format!("{missing:#}") });
        }
        match self {
            Self::Formatting => self.cargo(&[&["fmt", "--all", "--", "--check", "--color", "never"]]).await,
            Self::Lints => {
                let arguments = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
                self.cargo(&[&arguments]).await
            }
            Self::Layers => check_layers(),
            Self::Targets => targets::run(&mut Programs::of(self.name())?).await,
            Self::Unit => {
                let arguments =
                    ["test", "--workspace", "--no-fail-fast", "--exclude", SUITES, "--exclude", LAB];
                self.cargo(&[&arguments]).await
            }
            Self::Simulation => {
                let mut arguments = vec!["test", "-p", SUITES, "--no-fail-fast", "--lib"];
                arguments.extend(SUITES_WITHOUT_SERVER.iter().flat_map(|name| ["--test", name]));
                self.cargo(&[&arguments]).await
            }
            Self::Lab => self.cargo(&[&["test", "-p", LAB, "--no-fail-fast"]]).await,
            Self::Prosody13 | Self::Prosody012 | Self::Ejabberd => self.suites_on_server().await,
            Self::FullDisk => self.suites_on(PROSODY_13, &[SUITE_ON_SMALL_DISK.to_owned()]).await,
            Self::Arm64 => arm64::run(&mut Programs::of(self.name())?).await,
            Self::Python => python::run(&mut Programs::of(self.name())?).await,
            Self::Android => android::run(&mut Programs::of(self.name())?).await,
            Self::Kotlin => kotlin::run(&mut Programs::of(self.name())?).await,
            Self::KotlinLints => self.all(jvm::lint::commands()?).await,
            Self::Swift => swift::run(&mut Programs::of(self.name())?, all).await,
        }
    }

    async fn cargo(self, commands: &[&[&str]]) -> anyhow::Result<Outcome> {
        self.all(commands.iter().map(|command| Programs::cargo(command))).await
    }

    async fn all(self, commands: impl IntoIterator<Item = Command>) -> anyhow::Result<Outcome> {
        let mut programs = Programs::of(self.name())?;
        for command in commands {
            if let Some(failure) = programs.run(command).await? {
                return Ok(failure);
            }
        }
        Ok(Outcome::Passed(programs.counts()))
    }

    async fn suites_on_server(self) -> anyhow::Result<Outcome> {
        let suites: Vec<String> = layers::metadata()?
            .packages
            .iter()
            .filter(|package| package.name.as_str() == SUITES)
            .flat_map(|package| &package.targets)
            .filter(|target| target.is_test())
            .map(|target| target.name.clone())
            .filter(|name| name != SUITE_ON_SMALL_DISK && !SUITES_WITHOUT_SERVER.contains(&name.as_str()))
            .collect();
        if suites.is_empty() {
            let reason = format!("{SUITES} has no suite that runs on a server");
            return Ok(Outcome::Missing { reason });
        }
        self.suites_on(self.name(), &suites).await
    }

    /// Runs these suites against one server.
    async fn suites_on(self, server: &str, suites: &[String]) -> anyhow::Result<Outcome> {
        let mut programs = Programs::of(self.name())?;
        // The suites drive the terminal shell, too, as a process of its own.
        let mut test = Programs::cargo(&["test", "-p", SUITES, "--no-fail-fast"]);
        test.args(suites.iter().flat_map(|name| ["--test", name]));
        test.env(workspace::SERVER_VARIABLE, server).env(workspace::SERVERS_VARIABLE, workspace::servers());
        for command in [Programs::cargo(&["build", "-p", "heliograph"]), test] {
            if let Some(failure) = programs.run(command).await? {
                return Ok(failure);
            }
        }
        Ok(Outcome::Passed(programs.counts()))
    }
}

fn needs_servers(names: &[&str]) -> anyhow::Result<()> {
    setup::build_programs()?;
    names.iter().try_for_each(|name| setup::server(name).map(drop))
}

fn check_layers() -> anyhow::Result<Outcome> {
    let (looked_at, violations) = layers::violations()?;
    if looked_at == 0 {
        return Err(anyhow!("the workspace seems to have no dependencies at all"));
    }
    let counts = Counts { passed: 0, failed: violations.len() as u64, ignored: 0 };
    Ok(if violations.is_empty() {
        Outcome::Passed(counts)
    } else {
        Outcome::Failed { counts, output: violations.join("\n"), failures: violations }
    })
}
