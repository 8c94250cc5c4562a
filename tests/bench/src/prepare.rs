//! Our side's preparation: the reader is invited into the group, lives through three epochs, and goes away; then come the
//! messages that are measured. Nothing here is measured.

use std::collections::VecDeque;
use std::fs;
use std::path::Path;

use anyhow::{Context, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use heliograph_mls::{KeyPackage, Sealed, stanza_id};
use heliograph_model::stanza::{
    ArchivePage, Features, Inbound, InboundContent, InboundMessage, MessageKind, MlsEnvelope, MlsKind, Node,
    Outbound, PageStart, Request, Response,
};
use heliograph_model::{Address, ArchiveId, StanzaId};
use heliograph_store::quarantine;
use heliograph_sync::Input;
use serde::{Deserialize, Serialize};

use crate::reader::{NOW, Reader};
use crate::workload::{Archived, PAGE, PAST_EPOCHS, ROOM, TEXTS_PER_PAST_EPOCH, Texts, Workload};
use crate::writer::Writer;

/// Where the stanzas are.
const PAGES_FILE: &str = "pages.json";

/// One page of the room's archive, as it comes over the wire.
#[derive(Serialize, Deserialize)]
pub struct Page {
    /// The results.
    pub stanzas: Vec<String>,
    /// Position of the first one.
    pub first: String,
    /// Position of the last one.
    pub last: String,
}

/// What the reader finds when it logs in.
#[derive(Default)]
pub struct Archives {
    /// Its own archive.
    pub account: Vec<InboundMessage>,
    /// The room's.
    pub room: Vec<InboundMessage>,
}

/// See the module.
pub fn run(folder: &Path, workload: &Workload) -> anyhow::Result<()> {
    let mut reader = Reader::create(folder, workload.seed)?;
    let mut first = reader.log_in()?.send;
    let package = first.iter().find_map(key_package).context("the reader publishes no key package")?;
    let package = KeyPackage::parse(&package, NOW)?;

    let mut writers = (0..workload.senders)
        .map(|number| Writer::new(workload.seed, number))
        .collect::<Result<Vec<_>, _>>()?;
    let mut packages = vec![package];
    for writer in writers.iter_mut().skip(1) {
        packages.push(writer.key_package()?);
    }
    // The other members never say anything; only their leaves count.
    for number in workload.senders..workload.members.saturating_sub(1) {
        packages.push(Writer::new(workload.seed, number)?.key_package()?);
    }
    let founder = writers.first_mut().context("nobody writes")?;
    let welcome = founder.create_group(&packages)?;
    let mut archives = Archives { account: vec![invitation(founder, &welcome)?], room: Vec::new() };
    for writer in writers.iter_mut().skip(1) {
        writer.join(&welcome)?;
    }

    let mut texts = Texts::new(workload);
    for epoch in 0..PAST_EPOCHS {
        for _ in 0..TEXTS_PER_PAST_EPOCH {
            for writer in &mut writers {
                let said = writer.say(texts.text())?;
                archives.say(&writer.nick(), MlsKind::Application, said)?;
            }
        }
        let which = epoch % writers.len();
        let committer = writers.get_mut(which).context("nobody writes")?;
        let commit = committer.renew()?;
        let nick = committer.nick();
        for (number, writer) in writers.iter_mut().enumerate() {
            writer.follow(&commit.data, number == which)?;
        }
        archives.say(&nick, MlsKind::Commit, commit)?;
    }

    let mut pages = Vec::new();
    for numbers in (0..workload.messages).collect::<Vec<_>>().chunks(PAGE) {
        pages.push(page(numbers, &mut texts, &mut writers)?);
    }
    fs::write(folder.join(PAGES_FILE), serde_json::to_vec(&pages)?)?;

    archives.serve(&mut reader, &mut first)?;
    let quarantined = reader.readers().read(quarantine::list)?.len();
    ensure!(quarantined == 0, "{quarantined} messages of the past epochs could not be read");
    reader.close()
}

/// What [`run`] wrote.
pub fn pages(folder: &Path) -> anyhow::Result<Vec<Page>> {
    Ok(serde_json::from_slice(&fs::read(folder.join(PAGES_FILE))?)?)
}

fn page(numbers: &[usize], texts: &mut Texts, writers: &mut [Writer]) -> anyhow::Result<Page> {
    let position = |number: Option<&usize>| format!("archive-{:09}", number.copied().unwrap_or_default());
    let mut stanzas = Vec::new();
    for number in numbers {
        let (sender, text) = texts.next();
        let writer = writers.get_mut(sender).context("no such writer")?;
        let said = writer.say(text)?;
        let archived = Archived {
            archive_id: &position(Some(number)),
            stanza_id: said.stanza.as_str(),
            nick: &writer.nick(),
            epoch: said.epoch,
            fork_tag: &URL_SAFE_NO_PAD.encode(said.fork_tag),
            data: &STANDARD.encode(&said.data),
        };
        stanzas.push(archived.to_xml());
    }
    Ok(Page { stanzas, first: position(numbers.first()), last: position(numbers.last()) })
}

fn key_package(outbound: &Outbound) -> Option<Vec<u8>> {
    match outbound {
        Outbound::Request { request: Request::Publish { node: Node::KeyPackages, data, .. }, .. } => {
            Some(data.clone())
        }
        _ => None,
    }
}

fn invitation(founder: &Writer, welcome: &[u8]) -> anyhow::Result<InboundMessage> {
    Ok(InboundMessage {
        from: founder.address.clone(),
        nick: None,
        to: Some(crate::reader::address()?),
        kind: MessageKind::Chat,
        id: Some(stanza_id(welcome)),
        origin_id: None,
        archive_id: Some(ArchiveId::new("invitation")),
        sent_at: Some(NOW),
        content: InboundContent::Mls(MlsEnvelope {
            kind: MlsKind::Welcome,
            epoch: 1,
            fork_tag: None,
            room: Some(Address::parse(ROOM)?),
            after: None,
            wake: true,
            data: welcome.to_vec(),
        }),
    })
}

impl Archives {
    fn say(&mut self, nick: &str, kind: MlsKind, said: Sealed) -> anyhow::Result<()> {
        let id: StanzaId = said.stanza;
        self.room.push(InboundMessage {
            from: Address::parse(ROOM)?,
            nick: Some(nick.to_owned()),
            to: None,
            kind: MessageKind::Groupchat,
            id: Some(id),
            origin_id: None,
            archive_id: Some(ArchiveId::new(format!("past-{:09}", self.room.len()))),
            sent_at: Some(NOW),
            content: InboundContent::Mls(MlsEnvelope {
                kind,
                epoch: said.epoch,
                fork_tag: Some(said.fork_tag),
                room: None,
                after: None,
                wake: true,
                data: said.data,
            }),
        });
        Ok(())
    }

    /// Answers everything that the reader asks, until it asks no more.
    fn serve(&self, reader: &mut Reader, asked: &mut Vec<Outbound>) -> anyhow::Result<()> {
        let mut waiting: VecDeque<Outbound> = asked.drain(..).collect();
        while let Some(outbound) = waiting.pop_front() {
            if let Some(inbound) = self.answer(outbound)? {
                waiting.extend(reader.input(Input::Received(vec![inbound].into()))?.send);
            }
        }
        Ok(())
    }

    /// The answer to one stanza, if it has one.
    pub fn answer(&self, outbound: Outbound) -> anyhow::Result<Option<Inbound>> {
        let (id, request) = match outbound {
            Outbound::JoinRoom { room, nick } => {
                return Ok(Some(Inbound::RoomJoined { room, nick, created: false }));
            }
            Outbound::Request { id, request } => (id, request),
            Outbound::Available => return Ok(None),
            Outbound::LeaveRoom { .. } | Outbound::Message(_) => bail!("the reader is to read only"),
        };
        let response = match request {
            Request::ArchivePage { archive: None, page, .. } => archive_page(&self.account, &page)?,
            Request::ArchivePage { archive: Some(_), page, .. } => archive_page(&self.room, &page)?,
            Request::Features { .. } => Response::Features(Features {
                identities: vec!["pubsub/pep".to_owned()],
                features: vec!["urn:xmpp:mam:2".to_owned()],
            }),
            Request::Services { .. } => Response::Items(Vec::new()),
            _ => Response::Done,
        };
        Ok(Some(Inbound::Response { id, response }))
    }
}

fn archive_page(archive: &[InboundMessage], start: &PageStart) -> anyhow::Result<Response> {
    let rest = match start {
        PageStart::Beginning | PageStart::Newest => archive,
        PageStart::After(id) => {
            let at = archive.iter().position(|message| message.archive_id.as_ref() == Some(id));
            // What is not here was read before.
            at.and_then(|at| archive.get(at + 1..)).unwrap_or_default()
        }
        PageStart::Before(_) => bail!("nobody scrolls back here"),
    };
    let messages: Vec<_> = rest.iter().take(PAGE).cloned().collect();
    Ok(Response::ArchivePage(ArchivePage {
        first: messages.first().and_then(|message| message.archive_id.clone()),
        last: messages.last().and_then(|message| message.archive_id.clone()),
        complete: rest.len() <= PAGE,
        messages,
    }))
}
