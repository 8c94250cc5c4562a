//! slixmpp, a process that does as it is told (`python/session.py`).

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, ensure};
use heliograph_lab::{Account, Failure, Proxy, Server, workspace};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::{Cost, Costs, MESSAGES};

/// What it is called in rooms.
const NICK: &str = "peer";

/// See the module.
pub struct Peer {
    input: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    /// Dies with this value.
    process: Child,
}

#[derive(Deserialize)]
struct Answer {
    seconds: f64,
    messages: usize,
}

impl Peer {
    /// Starts the process; it connects when it is told to.
    pub fn start(python: &Path, wire: &Proxy, server: &Server, account: &Account) -> anyhow::Result<Self> {
        let mut process = Command::new(python)
            .arg(workspace::root().join("tests/bench/python/session.py"))
            .arg(wire.address().ip().to_string())
            .arg(wire.address().port().to_string())
            .arg(server.authority_file())
            .args([&server.address_of(&account.name), &account.password, NICK])
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("starting slixmpp")?;
        let input = process.stdin.take().context("a pipe")?;
        let answers = BufReader::new(process.stdout.take().context("a pipe")?).lines();
        Ok(Self { input, answers, process })
    }

    /// Everything once.
    pub async fn run(
        &mut self,
        wire: &Proxy,
        rooms: &[String],
        since: SystemTime,
        at_once: bool,
    ) -> anyhow::Result<Costs> {
        let since = since.duration_since(UNIX_EPOCH)?.as_secs_f64();
        let order = json!({ "do": "cold", "rooms": rooms, "since": since, "at_once": at_once });
        let (cold, answer) = self.order(wire, &order).await?;
        ensure!(answer.messages >= rooms.len() * MESSAGES, "slixmpp read only {}", answer.messages);
        wire.fail(Failure::Reset);
        let (reconnect, _) = self.order(wire, &json!({ "do": "reconnect" })).await?;
        let room = rooms.first().context("a room")?;
        let order = json!({ "do": "send", "room": room, "text": "is the bridge still open?" });
        let (send, _) = self.order(wire, &order).await?;
        self.order(wire, &json!({ "do": "leave" })).await?;
        // It acknowledges nothing: what it reads it can't decrypt.
        Ok([Some(cold), None, Some(reconnect), Some(send)])
    }

    /// Connects and enters rooms, all at once; reads what was written from a moment on.
    pub async fn enter(&mut self, wire: &Proxy, rooms: &[String], since: SystemTime) -> anyhow::Result<()> {
        let since = since.duration_since(UNIX_EPOCH)?.as_secs_f64();
        let order = json!({ "do": "cold", "rooms": rooms, "since": since, "at_once": true });
        self.order(wire, &order).await.map(drop)
    }

    /// The number of its process.
    pub fn process(&self) -> anyhow::Result<u32> {
        self.process.id().context("slixmpp has ended")
    }

    async fn order(&mut self, wire: &Proxy, order: &Value) -> anyhow::Result<(Cost, Answer)> {
        let before = wire.traffic();
        self.input.write_all(format!("{order}\n").as_bytes()).await.context("speaking to slixmpp")?;
        let line = self.answers.next_line().await?.context("slixmpp has ended")?;
        let answer: Answer = serde_json::from_str(&line).context("reading slixmpp's answer")?;
        let cost = Cost { time: Duration::from_secs_f64(answer.seconds), traffic: wire.traffic() - before };
        Ok((cost, answer))
    }
}
