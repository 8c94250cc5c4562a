//! The other side of the measured ingest: a plain loop of OpenMLS with its published SQLite storage.
//!
//! What an app would write first: parse the stanza, decrypt, insert the text into a table and a full-text index, commit;
//! one transaction for each message, the group kept loaded, past epochs kept by OpenMLS itself (`max_past_epochs`).
//! Everything that is a matter of taste is chosen in the peer's favour: CBOR instead of JSON for the stored state, a
//! write-ahead log, one index where ours has five, the standard tokenizer, no checks on stanzas. It does nothing with
//! receipts, commits, errors or a cursor.
//!
//! Two commands, each with a folder and the workload as JSON: `prepare` makes the group and the stanzas, `ingest` reads
//! them and prints a [`Measurement`](measurement::Measurement). Read first: `ingest.rs`.

mod database;
mod ingest;
#[path = "../../src/measurement.rs"]
mod measurement;
mod prepare;
#[path = "../../src/workload.rs"]
#[allow(clippy::pedantic, reason = "it follows the lints of the workspace that it belongs to")]
mod workload;

use std::error::Error;
use std::path::Path;

use crate::database::Safety;
use crate::workload::Workload;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, command, folder, workload, safety] = arguments.as_slice() else {
        return Err("usage: heliograph-bench-peer prepare|ingest FOLDER WORKLOAD plain|safe".into());
    };
    let folder = Path::new(folder);
    let workload: Workload = serde_json::from_str(workload)?;
    let safety = match safety.as_str() {
        "plain" => Safety::Plain,
        "safe" => Safety::Safe,
        _ => return Err("the database is plain or safe".into()),
    };
    match command.as_str() {
        "prepare" => prepare::run(folder, &workload, safety),
        "ingest" => {
            let measurement = ingest::run(folder, &workload, safety)?;
            println!("{}", serde_json::to_string(&measurement)?);
            Ok(())
        }
        _ => Err("unknown command".into()),
    }
}
