//! What a client holds in memory that does nothing: signed in, in many groups, everything read, on a real server.
//!
//! The client that is measured is alone in a process (this program once more), on threads as an app gives it, and does what an app
//! does before it idles: it shows the list of conversations and a page of one of them. Beside it stands slixmpp, in the same rooms.
//!
//! Read first: [`compare`], then [`idle`].

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;
use std::time::SystemTime;

use anyhow::{Context, ensure};
use heliograph_client::{Client, DatabaseKey, StoreLocation};
use heliograph_lab::server::PROSODY_13;
use heliograph_lab::{Options, Proxy, Server, ServerTree};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::report;
use crate::session::Progress;
use crate::session::peer::Peer;
use crate::session::phone::{Phone, Writer, until};

/// Groups that the client is in.
const GROUPS: usize = 200;

/// Messages in each of them that were read long ago.
const OLD: usize = 5;

/// Messages in each of them that come while the client is watched: they are decrypted, so that every group has been used.
const NEW: usize = 5;

/// The aim, in bytes: what an app may hold on a small phone in the background without being the first to be ended.
const AIM: u64 = 20_000_000;

/// Threads of a client, as the bindings give it (`bindings/ffi/src/runtime.rs`).
const THREADS: usize = 2;

/// Messages on a screen and a bit.
const PAGE: usize = 50;

/// What every account's database is locked with.
const KEY: [u8; 32] = [7; 32];

/// Memory of a process, in bytes.
#[derive(Debug, Clone, Copy)]
pub struct Resident {
    /// All of it that is in memory now.
    whole: u64,
    /// Its own: heap, stacks. The rest is mapped from files, such as the program.
    own: u64,
}

impl Resident {
    /// Of a process that runs (`VmRSS` and `RssAnon` of proc_pid_status(5), which counts in units of 1024 bytes).
    fn of(process: u32) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(format!("/proc/{process}/status"))
            .context("memory is told by Linux only")?;
        let field = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
            kilobytes.map(|kilobytes| kilobytes * 1024).with_context(|| format!("no {name} here"))
        };
        Ok(Self { whole: field("VmRSS:")?, own: field("RssAnon:")? })
    }
}

/// Makes the groups, then looks at each side.
pub async fn compare(folder: &Path, python: &Path) -> anyhow::Result<()> {
    let work = tempfile::tempdir_in(folder)?;
    let tree = ServerTree::unpacked(PROSODY_13)?;
    let server =
        Server::start(&tree, &work.path().join("server"), Options::with_accounts(&["ana", "ben"])).await?;
    println!("Memory on {PROSODY_13}: a client in {GROUPS} groups of 2");
    let progress = Progress::start();
    let wire = Proxy::start(server.direct_tls_address()).await?;
    let mut phone = Phone::sign_up(&server, &wire, work.path()).await?;
    let writer = Writer::sign_up(&server, work.path()).await?;
    let rooms = writer.make_groups(&phone, GROUPS).await?;
    progress.step(&format!("{GROUPS} groups made"));
    writer.write(&rooms, OLD, "old").await?;
    phone.until_idle().await?;
    phone.leave().await?;
    progress.step(&format!("{} messages written and read", GROUPS * OLD));

    let mut rows = Vec::new();
    let mut idle = Idle::start(&work.path().join("ana.db"))?;
    rows.push(("Heliograph, opened", idle.next().await?));
    rows.push(("Heliograph, idle", idle.next().await?));
    progress.step("connected");
    writer.write(&rooms, NEW, "new").await?;
    rows.push(("Heliograph, after a message burst", idle.next().await?));
    progress.step(&format!("{} messages written and read", GROUPS * NEW));
    rows.push(("Heliograph, suspended", idle.next().await?));
    drop(idle);

    let ana = server.accounts().first().context("an account")?;
    let mut peer = Peer::start(python, &wire, &server, ana)?;
    peer.enter(&wire, &rooms, SystemTime::now()).await?;
    rows.push(("slixmpp, idle, keeps and decrypts nothing", Resident::of(peer.process()?)?));
    progress.step("slixmpp is in the rooms");
    print(&rows);
    Ok(())
}

fn print(rows: &[(&str, Resident)]) {
    let mut table = report::table(&["", "resident", "of that its own", "aim", ""]);
    let shown = |bytes: u64| format!("{:.1} MB", bytes as f64 / 1e6);
    for (number, (name, memory)) in rows.iter().enumerate() {
        let mut row = vec![(*name).to_owned(), shown(memory.whole), shown(memory.own)];
        if number == 1 {
            row.push(format!("≤ {}", shown(AIM)));
            row.push(if memory.whole <= AIM { "met" } else { "missed" }.to_owned());
        }
        table.add_row(row);
    }
    report::print(table, 1);
}

/// The process with the client.
struct Idle {
    process: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Idle {
    fn start(database: &Path) -> anyhow::Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg("idle")
            .arg(database)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("starting the client")?;
        let input = process.stdin.take().context("a pipe")?;
        let output = BufReader::new(process.stdout.take().context("a pipe")?).lines();
        Ok(Self { process, input, output })
    }

    /// Waits until the client has got to its next station, looks at its memory, and lets it go on.
    async fn next(&mut self) -> anyhow::Result<Resident> {
        ensure!(self.output.next_line().await?.is_some(), "the client has ended");
        let memory = Resident::of(self.process.id().context("the client has ended")?)?;
        self.input.write_all(b"\n").await.context("telling the client to go on")?;
        Ok(memory)
    }
}

/// The client that is watched. Says a line at each station, and goes on when it is sent one.
pub fn idle(database: &Path) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(THREADS).enable_all().build()?;
    runtime.block_on(async {
        // This thread waits for it, and not one of the client's.
        let station = |name: &str| {
            println!("{name}");
            std::io::stdin().read_line(&mut String::new()).map(drop).context("waiting to go on")
        };
        let client = Client::open(StoreLocation::new(database.to_owned(), DatabaseKey::new(KEY)))?;
        let mut feed = client.all_messages();
        let newest = show(&client)?;
        station("opened")?;
        client.start();
        until(&client, |now| now.idle).await?;
        show(&client)?;
        station("idle")?;
        let mut read = BTreeSet::new();
        while read.len() < GROUPS * NEW {
            read.extend(feed.next(PAGE).await?.iter().map(|message| message.row));
        }
        until(&client, |now| now.idle).await?;
        ensure!(show(&client)? != newest, "the new messages are not shown");
        station("read")?;
        client.suspend().await?;
        station("suspended")?;
        client.shutdown().await?;
        Ok(())
    })
}

/// What an app shows: the list of conversations, and the newest page of the first. Gives that page's newest row.
fn show(client: &Client) -> anyhow::Result<Option<i64>> {
    let conversations = client.conversations().snapshot()?;
    ensure!(conversations.len() >= GROUPS, "only {} groups are there", conversations.len());
    let first = conversations.first().context("a group")?;
    let page = client.timeline(first.id).snapshot(PAGE)?;
    Ok(page.messages.iter().map(|message| message.row).max())
}
