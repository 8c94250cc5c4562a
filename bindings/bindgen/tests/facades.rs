//! What the library shows to other languages, Kotlin and Swift show to theirs: nobody who adds a call to the core's surface
//! forgets that two layers are written by hand above it.

#![allow(clippy::unwrap_used, reason = "what a test does not expect is a failure")]

use std::fs;
use std::path::{Path, PathBuf};

/// What a layer need not show, and why.
const LEFT_OUT: [(&str, &str); 2] = [
    ("HeliographClient.push", "what push_changes brings begins with it"),
    ("HeliographClient.tasks", "for tests that look for leaks, which call the generated code"),
];

/// A layer written by hand, and how it names the generated code.
struct Facade {
    sources: &'static str,
    extension: &'static str,
    module: &'static str,
}

const FACADES: [Facade; 2] = [
    Facade { sources: "bindings/kotlin/src/main", extension: "kt", module: "org.heliograph.ffi" },
    Facade { sources: "bindings/swift/Sources/Heliograph", extension: "swift", module: "HeliographCore" },
];

#[test]
fn kotlin_and_swift_show_whatever_the_library_shows() {
    let surface = fs::read_to_string(workspace().join("bindings/ffi/surface.txt")).unwrap();
    for facade in FACADES {
        let mut text = String::new();
        read(&workspace().join(facade.sources), facade.extension, &mut text);
        let missing: Vec<&str> = surface.lines().filter(|line| !facade.shows(line, &text)).collect();
        assert!(missing.is_empty(), "{} lacks: {missing:#?}", facade.sources);
    }
}

impl Facade {
    /// Whether this line of the surface is something that `text` shows, or nothing that it has to.
    fn shows(&self, line: &str, text: &str) -> bool {
        let line = line.strip_prefix("async ").unwrap_or(line);
        let Some((kind, rest)) = line.split_once(' ') else { return true };
        let name = rest.split('(').next().unwrap_or(rest).trim();
        if LEFT_OUT.iter().any(|(left_out, _)| *left_out == name) {
            return true;
        }
        match (kind, name.split_once('.')) {
            ("function", None) => text.contains(&format!("{}.{}(", self.module, camel_case(name))),
            // Subscriptions look different in each language; what there is to subscribe to is the client's.
            ("method", Some(("HeliographClient", method))) => {
                text.contains(&format!(".{}(", camel_case(method)))
            }
            ("record" | "enum", None) => {
                text.lines().any(|line| line.ends_with(&format!(" = {}.{name}", self.module)))
            }
            _ => true,
        }
    }
}

/// `send_again` as both languages write it.
fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |all, word| {
        let (head, tail) = word.split_at(1.min(word.len()));
        all + &head.to_uppercase() + tail
    })
}

fn read(folder: &Path, extension: &str, text: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(&path, extension, text);
        } else if path.extension().is_some_and(|found| found == extension) {
            text.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}
