//! The phone's driver against a stand-in for the terminal shell: a small shell script that speaks the line protocol.

use std::process::Command as Process;
use std::time::Duration;

use heliograph_model::DeliveryState;
use tempfile::TempDir;

use super::{Command, Phone, PhoneConfig, Tls};
use crate::error::LabError;

/// Bounds a failure.
const DEADLINE: Duration = Duration::from_secs(20);

fn stand_in(script: &str) -> (TempDir, PhoneConfig) {
    let folder = tempfile::tempdir().unwrap();
    let binary = folder.path().join("shell");
    // Another process writes it: if this one had it open for writing while another test forks, starting it would fail as
    // busy.
    let written = Process::new("sh")
        .args(["-c", r#"printf '#!/bin/sh\n%s\n' "$2" > "$1" && chmod +x "$1""#, "sh"])
        .arg(&binary)
        .arg(script)
        .status();
    assert!(written.unwrap().success());
    let config = PhoneConfig {
        name: "ana".into(),
        binary,
        data: folder.path().join("data"),
        address: "ana@lab.test".into(),
        password: "secret".into(),
        server: "127.0.0.1:1".into(),
        tls: Tls::StartTls,
        authority: None,
        pins: Vec::new(),
        web_socket: None,
    };
    (folder, config)
}

#[tokio::test]
async fn an_account_is_added_with_its_password_on_standard_input() {
    let (_folder, config) = stand_in(
        r#"read password
        [ "$password $*" = "secret --data $2 --json account add ana@lab.test --password-stdin --server 127.0.0.1:1 --tls starttls" ]"#,
    );
    Phone::add_account(&config).await.unwrap();
}

#[tokio::test]
async fn a_refused_account_comes_with_its_code() {
    let (_folder, config) = stand_in(
        r#"echo '{"error":{"code":"authentication-failed","message":"Check the password."}}'; exit 1"#,
    );
    let refusal = Phone::add_account(&config).await.unwrap_err();
    assert!(
        matches!(&refusal, LabError::Refused { code, .. } if code == "authentication-failed"),
        "{refusal}"
    );
}

#[tokio::test]
async fn what_the_phone_says_comes_into_view() {
    let (_folder, config) = stand_in(
        r#"message() { echo '{"event":"message","row":1,"conversation":1,"id":"a","sender":"ana@lab.test","outgoing":true,"text":"hi","security":"encrypted","state":"'$1'","error":null,"sent_at":5,"new":'$2'}'; }
        echo '{"event":"connection","state":"online","error":null}'
        echo '{"event":"conversation","id":1,"kind":"group","address":"g@rooms.lab.test","name":"crew","security":"encrypted","state":"active","error":null,"members":[],"unread":3}'
        read command
        case "$command" in '{"do":"send","to":"crew","text":"hi","tag":"lab-1"}') ;; *) exit 9 ;; esac
        message queued true
        echo '{"event":"reply","tag":"lab-1","ok":{"row":1}}'
        message delivered false
        read command
        echo '{"event":"reply","tag":"lab-2","error":{"code":"not-found","message":"No."}}'
        read command
        exit 0"#,
    );
    let mut phone = Phone::spawn(config).unwrap();
    phone.until("a sign-in", DEADLINE, |view| view.is_online().then_some(())).await.unwrap();
    phone.until("the group", DEADLINE, |view| view.active("crew").map(drop)).await.unwrap();
    let answer = phone.request(&Command::message("crew", "hi")).await.unwrap();
    assert_eq!(answer["row"], 1);
    phone
        .until("the delivery", DEADLINE, |view| view.reached("hi", DeliveryState::Delivered).then_some(()))
        .await
        .unwrap();
    let view = phone.view();
    assert_eq!((view.messages.len(), view.announced[&1]), (1, 1));
    let refusal = phone.request(&Command::message("nobody", "hi")).await.unwrap_err();
    assert!(matches!(refusal, LabError::Refused { code, .. } if code == "not-found"));
    phone.quit().await.unwrap();
}

#[tokio::test]
async fn a_phone_that_dies_is_not_waited_for() {
    let (_folder, config) = stand_in("echo 'out of cheese' >&2; exit 3");
    let phone = Phone::spawn(config).unwrap();
    let error = phone.until("a miracle", DEADLINE, |_| None::<()>).await.unwrap_err();
    assert!(
        matches!(&error, LabError::PhoneEnded { waiting_for, .. } if waiting_for == "a miracle"),
        "{error}"
    );
}

#[tokio::test]
async fn a_line_outside_the_protocol_is_a_failure_with_the_line() {
    let (_folder, config) = stand_in(r#"echo '{"event":"connection","state":"sideways"}'; read command"#);
    let phone = Phone::spawn(config).unwrap();
    let error = phone.until("a miracle", DEADLINE, |_| None::<()>).await.unwrap_err();
    assert!(matches!(&error, LabError::Malformed { line, .. } if line.contains("sideways")), "{error}");
}

#[tokio::test]
async fn a_killed_phone_starts_again_and_remembers_nothing_of_its_process() {
    let (_folder, config) = stand_in(
        r#"[ -e "$2" ] && state=offline || state=online; : > "$2"
        echo '{"event":"connection","state":"'$state'","error":null}'; read command"#,
    );
    let mut phone = Phone::spawn(config).unwrap();
    phone.until("the first run", DEADLINE, |view| view.is_online().then_some(())).await.unwrap();
    phone.restart().await.unwrap();
    let second =
        |view: &super::View| (view.connection == Some(super::ConnectionState::Offline)).then_some(());
    phone.until("the second run", DEADLINE, second).await.unwrap();
    phone.kill().await.unwrap();
    assert!(phone.send(&Command::Status).await.is_err());
}

#[tokio::test]
async fn a_deadline_shows_what_was_said_last() {
    let (_folder, config) = stand_in(r#"echo '{"event":"caught-up"}'; read command"#);
    let phone = Phone::spawn(config).unwrap();
    phone.until("catching up", DEADLINE, |view| view.caught_up.then_some(())).await.unwrap();
    let error = phone.until("a miracle", Duration::ZERO, |_| None::<()>).await.unwrap_err();
    assert!(error.to_string().contains("caught-up"), "{error}");
}
