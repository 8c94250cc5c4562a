//! Our side of the measured ingest: pages of a room's archive through the decoder and the engine into the database.
//!
//! Measured from the first stanza's text to the end of the last page's transaction: parsing, all checks, decrypting,
//! storing, indexing, moving the cursor, asking for the next page. Reading from a socket is not in it.

use std::path::Path;
use std::str::FromStr;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use heliograph_model::Address;
use heliograph_model::stanza::{Inbound, Outbound, Request};
use heliograph_store::{conversation, quarantine};
use heliograph_sync::Input;
use heliograph_xmpp::decode::Decoder;
use jid::FullJid;
use minidom::Element;

use crate::measurement::{Measurement, Meter};
use crate::prepare::{Archives, Page, pages};
use crate::reader::Reader;
use crate::workload::{QUERY, READER, ROOM, Workload};

/// Reads all pages into the database that was prepared in this folder.
pub fn run(folder: &Path, workload: &Workload) -> anyhow::Result<Measurement> {
    let pages = pages(folder)?;
    let mut reader = Reader::open(folder, workload.seed)?;
    let mut decoder = Decoder::new(FullJid::from_str(&format!("{READER}/phone"))?);
    let mut query = enter(&mut reader, &mut decoder)?;
    let before = shown(&reader)?;

    let meter = Meter::start();
    let started = Instant::now();
    let mut parsing = Duration::ZERO;
    for (number, page) in pages.iter().enumerate() {
        let asked = query.take().context("the engine stopped asking for pages")?;
        let parse = Instant::now();
        let inbound = parse_page(&mut decoder, page, &asked, number + 1 == pages.len())?;
        parsing += parse.elapsed();
        let effects = reader.input(Input::Received(inbound.into()))?;
        for outbound in effects.send {
            query = note(&mut decoder, &outbound)?.or(query);
        }
    }
    let whole = started.elapsed();
    let messages = shown(&reader)? - before;
    let quarantined = reader.readers().read(quarantine::list)?.len();
    reader.close()?;
    ensure!(quarantined == 0, "{quarantined} messages could not be read");
    ensure!(messages == workload.messages, "{messages} messages of {} arrived", workload.messages);
    Ok(meter.end(messages, whole, parsing))
}

/// Logs in and enters the room; the id of the query for its archive.
fn enter(reader: &mut Reader, decoder: &mut Decoder) -> anyhow::Result<Option<String>> {
    let archives = Archives::default();
    let mut query = None;
    for outbound in reader.log_in()?.send {
        if let Some(id) = note(decoder, &outbound)? {
            query = Some(id);
        } else if let Some(inbound) = archives.answer(outbound)? {
            let more = reader.input(Input::Received(vec![inbound].into()))?.send;
            ensure!(more.is_empty(), "the engine has more to say than expected");
        }
    }
    Ok(query)
}

/// The decoder has to know what was asked. The id if it is a page of the room's archive.
fn note(decoder: &mut Decoder, outbound: &Outbound) -> anyhow::Result<Option<String>> {
    let Outbound::Request { id, request: Request::ArchivePage { archive: Some(_), .. } } = outbound else {
        return Ok(None);
    };
    ensure!(decoder.encode(outbound).is_ok(), "the request can't be written");
    Ok(Some(id.as_str().to_owned()))
}

fn parse_page(
    decoder: &mut Decoder,
    page: &Page,
    query: &str,
    complete: bool,
) -> anyhow::Result<Vec<Inbound>> {
    let mut inbound = Vec::new();
    let end = format!(
        "<iq xmlns='jabber:client' type='result' id='{query}' from='{ROOM}' to='{READER}/phone'>\
         <fin xmlns='urn:xmpp:mam:2' complete='{complete}'><set xmlns='http://jabber.org/protocol/rsm'>\
         <first index='0'>{}</first><last>{}</last></set></fin></iq>",
        page.first, page.last
    );
    for stanza in &page.stanzas {
        let element = Element::from_str(&stanza.replace(QUERY, query))?;
        inbound.extend(decoder.decode(&element).inbound);
    }
    inbound.extend(decoder.decode(&Element::from_str(&end)?).inbound);
    decoder.handled(u32::try_from(page.stanzas.len() + 1)?);
    Ok(inbound)
}

/// How many messages the room's conversation has that nobody has read, which is all of them.
fn shown(reader: &Reader) -> anyhow::Result<usize> {
    let room = Address::parse(ROOM)?;
    let found = reader.readers().read(|database| conversation::by_address(database, &room))?;
    Ok(usize::try_from(found.context("the reader is not in the group")?.unread)?)
}
