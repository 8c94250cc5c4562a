//! Getting what the other commands need: programs, servers, Python packages, artefacts for the Java virtual machine.
//!
//! Each need is looked for first, which takes no time if it is there, and fetched if it isn't and may be. What can't be had
//! is an error that says what is missing and how to get it. Downloads go to the target folder only; the one thing that is
//! ever installed are packages of the system's own manager, and only when run as root.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, bail, ensure};
use heliograph_lab::server::{EJABBERD, PROSODY_012, PROSODY_13};
use heliograph_lab::{ServerTree, workspace};

use crate::cross::Compiler;
use crate::jvm::{self, Artefacts};
use crate::swift::Swift;
use crate::test::android;

/// Programs that the build needs, and the Debian packages that have them: the C compiler for SQLCipher and ring, perl and
/// make for the OpenSSL inside SQLCipher.
const BUILD_PROGRAMS: [(&str, &str); 3] = [("cc", "gcc libc6-dev"), ("perl", "perl"), ("make", "make")];

/// What the Python suites need.
const PYTHON_PROGRAMS: [(&str, &str); 1] = [("python3", "python3 python3-venv")];

/// What the Python suites import, with exact versions.
const PYTHON_REQUIREMENTS: &str = "tests/suites/python/requirements.txt";

/// The script that unpacks servers.
const SERVERS_SCRIPT: &str = concat!(include_str!("../archive.sh"), include_str!("../servers.sh"));

/// Gets everything and says what there is. Fails at the end if something can't be had.
pub fn run() -> ExitCode {
    let mut complete = true;
    let needs: [(&str, &dyn Fn() -> anyhow::Result<()>); 10] = [
        ("build programs", &build_programs),
        ("compiler for phones", &|| Compiler::get().map(drop)),
        (PROSODY_13, &|| server(PROSODY_13).map(drop)),
        (PROSODY_012, &|| server(PROSODY_012).map(drop)),
        (EJABBERD, &|| server(EJABBERD).map(drop)),
        ("python packages", &|| python().map(drop)),
        ("Java and Maven", &jvm::programs),
        ("Kotlin and its libraries", &kotlin),
        ("Swift", &|| Swift::find().map(drop)),
        ("Android's libraries and tools", &android::setup),
    ];
    for (name, get) in needs {
        match get() {
            Ok(()) => println!("{} {name}", console::style("ready  ").green()),
            Err(error) => {
                complete = false;
                println!("{} {name}: {error:#}", console::style("missing").red());
            }
        }
    }
    if let (false, Ok(tree)) = (complete, ServerTree::any()) {
        println!("The demo can run: it uses {}.", tree.name);
    }
    if complete { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The programs without which nothing compiles.
pub fn build_programs() -> anyhow::Result<()> {
    programs(&BUILD_PROGRAMS)
}

/// An unpacked server, fetched if it isn't there.
pub fn server(name: &str) -> anyhow::Result<ServerTree> {
    if let Ok(tree) = ServerTree::unpacked(name) {
        return Ok(tree);
    }
    let servers = workspace::servers();
    println!("Fetching {name} from this system's package archive (about 15 s) ...");
    let mut script = Command::new("bash");
    script.args(["-c", SERVERS_SCRIPT, "servers.sh"]).arg(&servers).arg(name);
    run_quietly(script).with_context(|| {
        format!(
            "{name} could not be fetched. On Debian and Ubuntu it comes from the configured package archive; elsewhere it \
             can't be had this way, and an installed Prosody serves the demo only"
        )
    })?;
    Ok(ServerTree::unpacked(name)?)
}

/// Any server: the newest unpacked one, or else an installed one.
pub fn any_server() -> anyhow::Result<ServerTree> {
    server(PROSODY_13).or_else(|no_13| {
        ServerTree::any().map_err(|_| {
            no_13.context(
                "no Prosody to be had: install one (`apt-get install prosody`, `dnf install prosody`, `brew install \
                 prosody`) and try again",
            )
        })
    })
}

/// The Python of a virtual environment that has what the suites import.
pub fn python() -> anyhow::Result<PathBuf> {
    let environment = workspace::target().join("venv");
    let python = environment.join("bin").join("python");
    let mark = environment.join(".complete");
    let requirements = workspace::root().join(PYTHON_REQUIREMENTS);
    let wanted =
        fs::read_to_string(&requirements).with_context(|| format!("reading {PYTHON_REQUIREMENTS}"))?;
    if fs::read_to_string(&mark).is_ok_and(|had| had == wanted) && python.is_file() {
        return Ok(python);
    }
    programs(&PYTHON_PROGRAMS)?;
    println!("Making a Python environment with what {PYTHON_REQUIREMENTS} asks for ...");
    let mut make = Command::new("python3");
    make.args(["-m", "venv", "--clear"]).arg(&environment);
    run_quietly(make).context(
        "python3 can't make virtual environments (Debian and Ubuntu: `apt-get install python3-venv`)",
    )?;
    let mut install = Command::new(&python);
    install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]).arg(&requirements);
    run_quietly(install).context("pip could not install what the suites import")?;
    fs::write(&mark, wanted).context("marking the Python environment as complete")?;
    Ok(python)
}

/// The compiler, the libraries and the linters of Kotlin.
pub fn kotlin() -> anyhow::Result<()> {
    jvm::LOCKS.into_iter().try_for_each(|lock| Artefacts::of(lock).map(drop))
}

/// Looks for programs; installs what is missing if that may be done without asking.
pub fn programs(needed: &[(&str, &str)]) -> anyhow::Result<()> {
    let missing = |list: &[(&str, &str)]| -> Vec<String> {
        list.iter()
            .filter(|(program, _)| find_program(program).is_none())
            .map(|(_, packages)| (*packages).to_owned())
            .collect()
    };
    let packages = missing(needed).join(" ");
    if packages.is_empty() {
        return Ok(());
    }
    if rustix::process::geteuid().is_root() && find_program("apt-get").is_some() {
        println!("Installing {packages} ...");
        for arguments in [vec!["update"], [vec!["install", "-y"], packages.split(' ').collect()].concat()] {
            let mut apt = Command::new("apt-get");
            apt.env("DEBIAN_FRONTEND", "noninteractive").arg("-qq").args(arguments);
            run_quietly(apt).with_context(|| format!("installing {packages}"))?;
        }
        ensure!(missing(needed).is_empty(), "{packages} were installed, but their programs are not in PATH");
        return Ok(());
    }
    bail!(advice(needed, &packages))
}

/// What to do where nothing may be installed.
fn advice(needed: &[(&str, &str)], packages: &str) -> String {
    let names: Vec<&str> = needed.iter().map(|(program, _)| *program).collect();
    format!(
        "not all of these programs are here: {}. Debian and Ubuntu: `sudo apt-get install {packages}`; elsewhere the \
         packages that have them",
        names.join(", ")
    )
}

/// Looks for a program in `PATH`.
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|program| is_program(program))
}

fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// Runs a program and keeps what it says for the case that it fails.
pub fn run_quietly(mut command: Command) -> anyhow::Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("starting {program}"))?;
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{program} ({}): {}", output.status, said.trim());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{advice, find_program, programs};

    #[test]
    fn what_is_missing_is_named_with_its_packages() {
        let text = advice(&[("perl", "perl"), ("make", "make")], "make");
        assert!(text.contains("perl, make") && text.contains("apt-get install make"), "{text}");
    }

    #[test]
    fn what_is_there_is_found_and_nothing_else() {
        assert!(find_program("sh").is_some());
        assert!(find_program("no-such-program-anywhere").is_none());
        programs(&[("sh", "dash")]).unwrap();
    }
}
