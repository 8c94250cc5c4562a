//! Looking for what was said in everything that the server and the phones wrote.
//!
//! Finding nothing proves nothing by itself, so the same search also looks for things that must be there: on the server the
//! address of the group's room, which it has to know, and in every phone's folder a note that is put there for this. And the
//! server must have carried what was said at all: the room's archive has to hold a sealed envelope for every message.

use std::path::{Path, PathBuf};

use anyhow::Context;
use console::style;
use heliograph_lab::{Server, plaintext};

use super::cast::Cast;
use super::script::{CAST, GROUP, Who, lines};

/// What the note says.
const NOTE: &str = "This note is plain text, to see whether the search finds plain text.";

/// The note's file name.
const NOTE_FILE: &str = "note-for-the-search.txt";

/// What stands in every sealed message (the namespace of its envelope), as Prosody stores attributes: in quotes. The
/// namespaces of keys, which are not messages, go on after this and don't match.
const ENVELOPE: &str = "\"urn:xmpp:mls:0\"";

/// What the search came to.
pub struct Search {
    /// Sealed messages in the room's archive: the script's and those that manage the group.
    envelopes: usize,
    /// Where it looked, and at how many files.
    places: Vec<(String, usize)>,
    /// Texts that were found where they must not be.
    leaks: Vec<(String, PathBuf)>,
    /// Places where the search didn't even find what is there.
    blind: Vec<String>,
}

/// Searches while everything still runs: so the stores' write-ahead logs are there, too.
pub fn search(cast: &Cast, server: &Server, folder: &Path) -> anyhow::Result<Search> {
    let mut secrets: Vec<&str> = lines().map(|line| line.text).collect();
    secrets.push(GROUP);
    let envelopes = plaintext::occurrences(&server.room_archive_files()?, ENVELOPE)?;
    let mut search = Search { envelopes, places: Vec::new(), leaks: Vec::new(), blind: Vec::new() };

    let view = cast.actor(Who::Ana).phone.view();
    let room = view.active(GROUP).map(|group| group.address.clone()).unwrap_or_default();
    search.look("the server's archive, accounts and log", &server.all_files()?, &secrets, &room)?;
    for who in CAST {
        let folder = folder.join(who.name());
        let note = folder.join(NOTE_FILE);
        std::fs::write(&note, NOTE).context("writing the note for the search")?;
        let files = plaintext::files(&folder)?;
        search.look(&format!("{}'s phone", who.name()), &files, &secrets, NOTE)?;
        std::fs::remove_file(&note).context("removing the note for the search")?;
    }
    Ok(search)
}

impl Search {
    fn look(
        &mut self,
        place: &str,
        files: &[PathBuf],
        secrets: &[&str],
        control: &str,
    ) -> anyhow::Result<()> {
        let controls = if control.is_empty() { Vec::new() } else { plaintext::search(files, &[control])? };
        if controls.is_empty() {
            self.blind.push(place.to_owned());
        }
        for finding in plaintext::search(files, secrets)? {
            let text = secrets.get(finding.text).copied().unwrap_or_default();
            self.leaks.push((text.to_owned(), finding.file));
        }
        self.places.push((place.to_owned(), files.len()));
        Ok(())
    }

    /// What is not as it should be, a sentence each: a text that was found, a search that can't find, a server that didn't
    /// carry the messages.
    pub fn complaints(&self) -> Vec<String> {
        let said = lines().count();
        let missing = (self.envelopes < said)
            .then(|| format!("the room's archive holds {} sealed messages of {said}", self.envelopes));
        let leaks = self.leaks.iter().map(|(text, _)| format!("\"{text}\" stands somewhere in plain text"));
        let blind = self.blind.iter().map(|place| format!("the search is blind in {place}"));
        leaks.chain(blind).chain(missing).collect()
    }

    /// Says what was searched and found.
    pub fn print(&self) {
        println!("\n{}", style("Who else could read it").bold().underlined());
        println!("Searched for every message and for the group's name:");
        for (place, files) in &self.places {
            let found = if self.blind.contains(place) {
                style("the search is blind here: it missed what must be there".to_owned()).red()
            } else {
                style("what must be there was found".to_owned()).dim()
            };
            println!("  {place}: {files} files; {found}");
        }
        println!(
            "  the room's archive: {} sealed messages; receipts and those that manage the group are among them",
            self.envelopes
        );
        for (text, file) in &self.leaks {
            println!("  {} \"{text}\" in {}", style("PLAIN TEXT").red().bold(), file.display());
        }
        if self.complaints().is_empty() {
            println!("Nothing that was said stands anywhere in plain text.");
            println!(
                "(This shell keeps each store's key in a file beside it; a phone app keeps it in the keystore.)"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{Search, lines};

    fn clean() -> Search {
        Search { envelopes: lines().count(), places: Vec::new(), leaks: Vec::new(), blind: Vec::new() }
    }

    #[test]
    fn only_a_search_that_could_find_and_did_not_is_clean() {
        assert_eq!(clean().complaints(), Vec::<String>::new());
        let leak = Search { leaks: vec![("Land ahoy".into(), PathBuf::from("x"))], ..clean() };
        assert_eq!(leak.complaints().len(), 1);
        let blind = Search { blind: vec!["ana's phone".into()], ..clean() };
        assert_eq!(blind.complaints().len(), 1);
    }

    #[test]
    fn a_server_that_did_not_carry_the_messages_is_noticed() {
        let bypassed = Search { envelopes: 0, ..clean() };
        assert_eq!(bypassed.complaints().len(), 1);
    }
}
