//! What the iOS app says stands in its catalogue, in each of its languages: the compiler would show a missing word in English,
//! and nobody who tests in English would see it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use heliograph_lab::workspace;

/// The languages beside English, in which the source is written.
const LANGUAGES: [&str; 1] = ["ar"];

/// Where words are shown.
const FOLDERS: [&str; 3] = ["ios/App", "ios/NotificationService", "ios/Shared"];

/// What shows its first argument to the user, unless that is `verbatim:`.
const SHOWING: [&str; 18] = [
    "Text(",
    "Label(",
    "Button(",
    "TextField(",
    "SecureField(",
    "Toggle(",
    "Section(",
    "NavigationLink(",
    "LabeledContent(",
    "ShareLink(",
    "Menu(",
    "ProgressView(",
    "ContentUnavailableView(",
    ".navigationTitle(",
    ".accessibilityLabel(",
    ".titled(",
    ".alert(",
    "String(localized:",
];

/// What stands for a value inside a text, in a catalogue (`%@`, `%lld`) and in the source (`\(count)`) alike.
const VALUE: char = '\u{fffc}';

#[test]
fn every_word_of_the_ios_app_is_in_its_catalogue_in_all_languages() {
    let file = workspace::root().join("ios/App/Localizable.xcstrings");
    let catalogue: serde_json::Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let known = catalogue["strings"].as_object().unwrap();
    for (word, entry) in known {
        for language in LANGUAGES {
            let value = entry["localizations"][language]["stringUnit"]["value"].as_str().unwrap_or_default();
            assert!(!value.is_empty(), "{word:?} has no word in {language}");
            assert_eq!(of_catalogue(value).matches(VALUE).count(), of_catalogue(word).matches(VALUE).count());
        }
    }
    let known: BTreeSet<String> = known.keys().map(|word| of_catalogue(word)).collect();
    let mut shown = BTreeSet::new();
    for folder in FOLDERS {
        read(&workspace::root().join(folder), &mut shown);
    }
    assert!(shown.len() > 50, "the words were not found");
    let missing: Vec<_> = shown.difference(&known).collect();
    let unused: Vec<_> = known.difference(&shown).collect();
    assert!(missing.is_empty() && unused.is_empty(), "missing: {missing:#?}, unused: {unused:#?}");
}

fn read(folder: &Path, shown: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(&path, shown);
        } else if path.extension().is_some_and(|extension| extension == "swift") {
            let source = fs::read_to_string(&path).unwrap();
            // A file of words has nothing else in quotes, and in others a choice between two is one of words.
            let markers: &[&str] =
                if path.ends_with("Words.swift") { &[":"] } else { &["? ", "?? ", "\" : "] };
            for marker in SHOWING.iter().chain(markers) {
                shown.extend(literals_after(&source, marker).filter(|word| !word.is_empty()));
            }
        }
    }
}

/// The literals that follow `marker`, with whatever space between.
fn literals_after<'a>(source: &'a str, marker: &'a str) -> impl Iterator<Item = String> + 'a {
    source.match_indices(marker).filter_map(move |(at, _)| {
        let rest = source[at + marker.len()..].trim_start().strip_prefix('"')?;
        // An empty text is none, and a longer kind of literal is not used for words.
        Some(of_source(rest))
    })
}

/// The literal that `rest` begins with, behind its opening quote.
fn of_source(rest: &str) -> String {
    let mut text = String::new();
    let mut letters = rest.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => break,
            '\\' => match letters.next() {
                Some('(') => {
                    let mut depth = 1;
                    while depth > 0 {
                        match letters.next() {
                            Some('(') => depth += 1,
                            Some(')') => depth -= 1,
                            Some(_) => {}
                            None => return text,
                        }
                    }
                    text.push(VALUE);
                }
                Some(escaped) => text.push(escaped),
                None => break,
            },
            other => text.push(other),
        }
    }
    text
}

fn of_catalogue(word: &str) -> String {
    let mut text = String::new();
    let mut rest = word;
    while let Some((before, after)) = rest.split_once('%') {
        text.push_str(before);
        text.push(VALUE);
        rest = after.trim_start_matches("ll").trim_start_matches(['@', 'd', 'u']);
    }
    text + rest
}
