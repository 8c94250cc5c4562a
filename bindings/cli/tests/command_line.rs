//! The program as scripts meet it: exit codes, output and what stays on the disk, without any server.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says what is wrong by failing")]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// A port on loopback where nobody listens: discard needs a privilege that no test machine grants by default.
const NOBODY: &str = "127.0.0.1:9";

fn heliograph(data: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_heliograph"))
        .arg("--data")
        .arg(data)
        .args(arguments)
        .env_remove("HELIOGRAPH_LOG")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that does not read its input may have closed it already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn error_code(output: &Output) -> String {
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    value["error"]["code"].as_str().unwrap().to_owned()
}

#[test]
fn without_an_account_every_command_says_how_to_get_one() {
    let folder = tempfile::tempdir().unwrap();
    for command in [vec!["chat"], vec!["history"], vec!["status"], vec!["send", "ben@example.org", "hi"]] {
        let output = heliograph(folder.path(), &command, "");
        assert_eq!(output.status.code(), Some(7), "{command:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("account add"), "{command:?}");
        let output = heliograph(folder.path(), &[vec!["--json"], command].concat(), "");
        assert_eq!(error_code(&output), "no-account");
    }
}

#[test]
fn wrong_usage_is_typed_for_scripts_too() {
    let folder = tempfile::tempdir().unwrap();
    let output = heliograph(folder.path(), &["--json", "group", "create", "crew", "@"], "");
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(error_code(&output), "invalid-argument");
}

#[test]
fn a_server_that_is_not_there_leaves_nothing_behind_and_no_password_anywhere() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("ana");
    let arguments = ["--json", "account", "add", "ana@example.org", "--password-stdin", "--server", NOBODY];
    let output = heliograph(&data, &arguments, "hunter2 secret\n");
    assert_eq!(output.status.code(), Some(4), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!(error_code(&output), "network-unavailable");
    for stream in [&output.stdout, &output.stderr] {
        assert!(!String::from_utf8_lossy(stream).contains("hunter2"));
    }
    assert!(!data.exists());
}

#[test]
fn a_password_is_asked_for_and_never_an_argument() {
    let folder = tempfile::tempdir().unwrap();
    let output = heliograph(folder.path(), &["account", "add", "ana@example.org"], "");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--password-stdin"));
    let output = heliograph(folder.path(), &["account", "add", "ana@example.org", "--password", "x"], "");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_file_that_is_no_database_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("account.db");
    std::fs::write(&database, "precious".repeat(1000)).unwrap();
    std::fs::write(folder.path().join("key"), "00".repeat(32)).unwrap();
    let output = heliograph(folder.path(), &["--json", "history"], "");
    assert_eq!(output.status.code(), Some(5), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!(std::fs::read_to_string(&database).unwrap(), "precious".repeat(1000));
}
