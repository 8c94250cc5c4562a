//! Our side: a client as an app holds it, and another one that writes to it.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, ensure};
use heliograph_client::{
    AccountConfig, Client, Connection, ConversationId, ConversationState, DatabaseKey, DeliveryState,
    ServerOverride, StoreLocation, TlsMode,
};
use heliograph_lab::{Failure, Proxy, Server, Traffic};
use std::net::SocketAddr;

use super::{Cost, Costs, MESSAGES, ROOMS};

/// Messages that are read from a feed at once.
const AT_ONCE: usize = 250;

/// The phone that is measured.
pub struct Phone {
    location: StoreLocation,
    client: Option<Client>,
}

/// Whoever writes what it reads.
pub struct Writer {
    client: Client,
}

async fn sign_up(
    server: &Server,
    at: SocketAddr,
    folder: &Path,
    name: &str,
) -> anyhow::Result<StoreLocation> {
    let account =
        server.accounts().iter().find(|account| account.name == name).context("an account")?.clone();
    let mut config = AccountConfig::new(server.address_of(name).parse()?, account.password);
    config.server = Some(ServerOverride { host: at.ip().to_string(), port: at.port(), tls: TlsMode::Direct });
    config.extra_ca_pem = Some(server.authority_pem());
    let location = StoreLocation::new(folder.join(format!("{name}.db")), DatabaseKey::new([7; 32]));
    Client::add_account(&location, config).await?;
    Ok(location)
}

/// Waits until the connection is as wanted.
pub async fn until(client: &Client, wanted: impl Fn(&Connection) -> bool) -> anyhow::Result<()> {
    let mut changes = client.connection_changes();
    let mut now = client.connection();
    while !wanted(&now) {
        now = changes.next().await?;
    }
    Ok(())
}

async fn until_groups(client: &Client, count: usize) -> anyhow::Result<Vec<(ConversationId, String)>> {
    let mut changes = client.conversations();
    loop {
        let groups: Vec<_> = client
            .conversations()
            .snapshot()?
            .into_iter()
            .filter(|found| found.state == ConversationState::Active)
            .map(|found| (found.id, found.address.to_string()))
            .collect();
        if groups.len() >= count {
            return Ok(groups);
        }
        changes.next().await?;
    }
}

/// Sends, and waits until all of it has got so far.
async fn send(
    client: &Client,
    texts: Vec<(ConversationId, String)>,
    far: DeliveryState,
) -> anyhow::Result<()> {
    let mut feed = client.all_messages();
    let mut waiting = std::collections::BTreeSet::new();
    for (conversation, text) in texts {
        waiting.insert(client.send(conversation, &text).await?);
    }
    while !waiting.is_empty() {
        for message in feed.next(AT_ONCE).await? {
            ensure!(message.state != DeliveryState::Failed, "a message could not be sent");
            if message.state >= far {
                waiting.remove(&message.row);
            }
        }
    }
    Ok(())
}

impl Phone {
    /// A new account, connected through the wire.
    pub async fn sign_up(server: &Server, wire: &Proxy, folder: &Path) -> anyhow::Result<Self> {
        let location = sign_up(server, wire.address(), folder, "ana").await?;
        let client = Client::open(location.clone())?;
        client.start();
        until(&client, |now| now.caught_up).await?;
        Ok(Self { location, client: Some(client) })
    }

    /// Waits until it has nothing left to do.
    pub async fn until_idle(&self) -> anyhow::Result<()> {
        until(self.client.as_ref().context("the phone is away")?, |now| now.idle).await
    }

    /// Ends the client, as when the system ends an app.
    pub async fn leave(&mut self) -> anyhow::Result<()> {
        match self.client.take() {
            Some(client) => Ok(client.shutdown().await?),
            None => Ok(()),
        }
    }

    /// Comes, reads what there is, acknowledges it, and goes.
    pub async fn visit(&self) -> anyhow::Result<()> {
        let client = Client::open(self.location.clone())?;
        client.start();
        until(&client, |now| now.idle).await?;
        Ok(client.shutdown().await?)
    }

    /// Everything once, and away again.
    pub async fn run(&mut self, wire: &Proxy) -> anyhow::Result<Costs> {
        let meter = Meter::start(wire);
        let client = Client::open(self.location.clone())?;
        let mut feed = client.all_messages();
        client.start();
        until(&client, |now| now.caught_up).await?;
        let cold = meter.end();

        let meter = Meter::start(wire);
        until(&client, |now| now.idle).await?;
        let receipts = meter.end();
        let mut read = 0;
        while read < ROOMS * MESSAGES {
            read += feed.next(AT_ONCE).await?.iter().filter(|message| !message.outgoing).count();
        }

        wire.fail(Failure::Reset);
        client.network_changed(false);
        until(&client, |now| !now.caught_up).await?;
        let meter = Meter::start(wire);
        client.network_changed(true);
        until(&client, |now| now.caught_up).await?;
        let reconnect = meter.end();

        let conversation = client.conversations().snapshot()?.first().context("a group")?.id;
        let text = || vec![(conversation, "is the bridge still open?".to_owned())];
        until(&client, |now| now.idle).await?;
        let meter = Meter::start(wire);
        send(&client, text(), DeliveryState::Archived).await?;
        let sent = meter.end();
        client.shutdown().await?;
        Ok([Some(cold), Some(receipts), Some(reconnect), Some(sent)])
    }
}

/// A part that is being measured.
struct Meter<'a> {
    wire: &'a Proxy,
    before: Traffic,
    start: Instant,
}

impl<'a> Meter<'a> {
    fn start(wire: &'a Proxy) -> Self {
        Self { wire, before: wire.traffic(), start: Instant::now() }
    }

    fn end(self) -> Cost {
        Cost { time: self.start.elapsed(), traffic: self.wire.traffic() - self.before }
    }
}

impl Writer {
    /// A new account, straight to the server.
    pub async fn sign_up(server: &Server, folder: &Path) -> anyhow::Result<Self> {
        let location = sign_up(server, server.direct_tls_address(), folder, "ben").await?;
        let client = Client::open(location)?;
        client.start();
        until(&client, |now| now.caught_up).await?;
        Ok(Self { client })
    }

    /// Groups with the phone in them; gives their rooms.
    pub async fn make_groups(&self, phone: &Phone, count: usize) -> anyhow::Result<Vec<String>> {
        let reader = phone.client.as_ref().context("the phone is away")?;
        for number in 0..count {
            self.client.create_group(&format!("Group {number}"), &[reader.address().clone()]).await?;
        }
        until_groups(&self.client, count).await?;
        let groups = until_groups(reader, count).await?;
        Ok(groups.into_iter().map(|(_, room)| room).collect())
    }

    /// Writes into each group, and waits until the archives have it.
    pub async fn write(&self, rooms: &[String], count: usize, label: &str) -> anyhow::Result<()> {
        self.client.network_changed(false);
        self.client.network_changed(true);
        let groups = until_groups(&self.client, rooms.len()).await?;
        let texts = (0..count).flat_map(|number| {
            let text = format!(
                "report {label} {number}: all quiet at the bridge, the pier is lit and the road is dry"
            );
            groups.iter().map(move |(id, _)| (*id, text.clone()))
        });
        send(&self.client, texts.collect(), DeliveryState::Archived).await
    }
}
