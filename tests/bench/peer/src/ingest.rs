//! The measured loop.

use std::path::Path;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minidom::Element;
use openmls::prelude::{
    BasicCredential, GroupId, MlsGroup, MlsMessageIn, ProcessedMessageContent, ProtocolMessage,
};
use openmls_rust_crypto::RustCrypto;
use openmls_traits::OpenMlsProvider;
use rusqlite::{Connection, params};
use tls_codec::Deserialize as _;

use crate::Outcome;
use crate::database::{self, Provider, Safety};
use crate::measurement::{Measurement, Meter};
use crate::prepare::{GROUP, pages};
use crate::workload::Workload;

/// What is used of a stanza.
struct Parsed {
    archive_id: String,
    stanza_id: String,
    sent_at: String,
    data: Vec<u8>,
}

/// Reads all pages into the database that was prepared in this folder.
pub fn run(folder: &Path, workload: &Workload, safety: Safety) -> Outcome<Measurement> {
    let pages = pages(folder)?;
    let mut connection = database::open(folder, safety)?;
    let crypto = RustCrypto::default();
    let before = count(&connection)?;
    let mut group =
        MlsGroup::load(Provider::new(&crypto, &connection).storage(), &GroupId::from_slice(&GROUP))?
            .ok_or("no group was prepared")?;

    let meter = Meter::start();
    let started = Instant::now();
    let mut parsing = Duration::ZERO;
    for stanza in pages.iter().flatten() {
        let parse = Instant::now();
        let parsed = parse_stanza(stanza)?;
        parsing += parse.elapsed();
        let tx = connection.transaction()?;
        let provider = Provider::new(&crypto, &*tx);
        receive(&provider, &mut group, &tx, &parsed)?;
        tx.commit()?;
    }
    let whole = started.elapsed();
    let messages = usize::try_from(count(&connection)? - before)?;
    connection.close().map_err(|(_, error)| error)?;
    if messages != workload.messages {
        return Err(format!("{messages} messages of {} arrived", workload.messages).into());
    }
    Ok(meter.end(messages, whole, parsing))
}

/// Decrypts one message and stores its text.
fn receive(
    provider: &Provider<'_, &Connection>,
    group: &mut MlsGroup,
    database: &Connection,
    parsed: &Parsed,
) -> Outcome<()> {
    let message = MlsMessageIn::tls_deserialize_exact(&parsed.data)?;
    let message: ProtocolMessage = message.try_into_protocol_message()?;
    let processed = group.process_message(provider, message)?;
    let sender = BasicCredential::try_from(processed.credential().clone())?;
    let ProcessedMessageContent::ApplicationMessage(content) = processed.into_content() else {
        return Err("not an application message".into());
    };
    let content = content.into_bytes();
    let text = std::str::from_utf8(&content)?.trim_end_matches('\0');
    database
        .prepare_cached(
            "INSERT INTO message (stanza, archive, sender, text, sent_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            parsed.stanza_id,
            parsed.archive_id,
            std::str::from_utf8(sender.identity())?,
            text,
            parsed.sent_at
        ])?;
    database
        .prepare_cached("INSERT INTO message_search (rowid, text) VALUES (?1, ?2)")?
        .execute(params![database.last_insert_rowid(), text])?;
    Ok(())
}

fn parse_stanza(xml: &str) -> Outcome<Parsed> {
    let stanza: Element = xml.parse()?;
    let parsed = || {
        let result = stanza.get_child("result", "urn:xmpp:mam:2")?;
        let forwarded = result.get_child("forwarded", "urn:xmpp:forward:0")?;
        let message = forwarded.get_child("message", "jabber:client")?;
        let data = message.get_child("m", "urn:xmpp:mls:0")?.text();
        Some(Parsed {
            archive_id: result.attr("id")?.to_owned(),
            stanza_id: message.attr("id")?.to_owned(),
            sent_at: forwarded.get_child("delay", "urn:xmpp:delay")?.attr("stamp")?.to_owned(),
            data: STANDARD.decode(data).ok()?,
        })
    };
    parsed().ok_or_else(|| "a stanza is not as expected".into())
}

fn count(database: &Connection) -> Outcome<i64> {
    Ok(database.query_row("SELECT count(*) FROM message", [], |row| row.get(0))?)
}
