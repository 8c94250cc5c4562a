//! What is particular to Prosody: how it is started, what it says, how accounts are made.
//!
//! Its configuration is in [`configuration`].

mod configuration;

use std::fs;
use std::io;
use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

use crate::error::LabError;
use crate::server::{Account, Options, Output, Ports, Readiness, ServerTree};

/// The folder in which Prosody's `muc_mam` keeps rooms' archives.
const ROOM_ARCHIVES: &str = "muc_log";

/// Stands in the log for each sign-in that was refused.
pub(crate) const REFUSED_LOGIN: &str = "not-authorized";

/// Writes the configuration file.
pub(crate) fn configure(tree: &ServerTree, folder: &Path, options: &Options, ports: Ports) -> io::Result<()> {
    fs::write(folder.join("prosody.cfg.lua"), configuration::write(tree.sasl2, folder, options, ports))
}

/// The server in the foreground.
pub(crate) fn command(tree: &ServerTree, folder: &Path) -> Command {
    let mut command = program(&tree.program, folder);
    command.arg("-F").stdin(Stdio::null());
    command
}

/// Makes an account, or sets its password; the server may be running.
pub(crate) async fn register(
    tree: &ServerTree,
    folder: &Path,
    domain: &str,
    account: &Account,
) -> Result<(), LabError> {
    // `register` on an existing account sets its password; `passwd` would ask on a terminal.
    let output = program(&tree.program.with_file_name("prosodyctl"), folder)
        .args(["register", &account.name, domain, &account.password])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(LabError::io("running prosodyctl"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    Err(LabError::Control { command: "prosodyctl register".into(), output: said.into_owned() })
}

fn program(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .arg("--config")
        .arg(folder.join("prosody.cfg.lua"))
        // The unpacked trees take their folders from here, the installed ones from the configuration.
        .env("PROSODY_CONFIG_FOLDER", folder)
        .env("PROSODY_DATA_FOLDER", folder.join("data"))
        .current_dir(folder);
    command
}

/// Reads the log until it says that every port is open. The server handles connections after it has loaded everything,
/// so whoever connects from then on is served.
pub(crate) async fn readiness(lines: &mut Output, options: &Options) -> Readiness {
    let (mut starttls, mut direct_tls) = (false, !options.encryption);
    let (mut component, mut https) = (!options.app_server, !options.web_socket);
    while let Ok(Some(line)) = lines.next_line().await {
        starttls |= line.contains("Activated service 'c2s' on");
        direct_tls |= line.contains("Activated service 'c2s_direct_tls' on");
        component |= line.contains("Activated service 'component' on");
        https |= line.contains("Activated service 'https' on");
        if line.contains("Failed to open server port") {
            return Readiness::PortTaken;
        }
        if starttls && direct_tls && component && https {
            return Readiness::Listening;
        }
    }
    Readiness::Ended
}

/// Whether a file of the server's data is a room's archive.
pub(crate) fn is_room_archive(file: &Path) -> bool {
    file.parent().is_some_and(|folder| folder.ends_with(ROOM_ARCHIVES))
}
