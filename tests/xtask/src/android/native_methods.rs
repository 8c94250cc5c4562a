//! Methods that Kotlin declares and Rust has the body of: a virtual machine puts them together by name, when they are called
//! for the first time, and that happens on phones only. So the names are compared here.

use std::fs;
use std::path::Path;

use heliograph_lab::workspace;

use crate::archive;

/// The name of the symbol that belongs to a method (Java Native Interface Specification, "Resolving Native Method Names").
fn symbol(class: &str, method: &str) -> String {
    let escaped = |name: &str| name.replace('_', "_1").replace('.', "_");
    format!("Java_{}_{}", escaped(class), escaped(method))
}

/// What follows `before` in a line, up to the end of the word.
fn word_after<'a>(line: &'a str, before: &str) -> Option<&'a str> {
    let (_, rest) = line.split_once(before)?;
    let end = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(rest.len());
    rest.get(..end)
}

/// The symbols that a Kotlin file asks for. Each of these objects stands in a file of its own.
fn declared(source: &str) -> Vec<String> {
    let package = source.lines().find_map(|line| line.strip_prefix("package ")).unwrap_or_default().trim();
    let object = source.lines().find_map(|line| word_after(line, "object "));
    let methods = source.lines().filter(|line| line.contains("external fun "));
    let symbol_of = |line: &str| {
        // The compiler gives what is internal another name.
        assert!(!line.contains("internal"), "{line}");
        let method = word_after(line, "external fun ").unwrap_or_default();
        symbol(&format!("{package}.{}", object.unwrap_or_default()), method)
    };
    methods.map(symbol_of).collect()
}

/// The symbols that a Rust file exports by `jni_mangle`, which names the class; the method is the function, in camel case.
fn exported(source: &str) -> Vec<String> {
    let lines: Vec<&str> = source.lines().collect();
    let pairs = lines.windows(2).filter(|pair| pair[0].contains("#[jni_mangle("));
    let symbol_of = |pair: &[&str]| {
        let class = pair[0].split('"').nth(1).unwrap_or_default();
        let function = word_after(pair[1], "fn ").unwrap_or_default();
        assert!(!function.contains('_'), "{function}: camel case is not looked at here");
        symbol(class, function)
    };
    pairs.map(symbol_of).collect()
}

fn all(folder: &str, extension: &str, find: fn(&str) -> Vec<String>) -> Vec<String> {
    let files = archive::files(&workspace::root().join(folder)).unwrap();
    let sources =
        files.iter().filter(|(name, _)| Path::new(name).extension().is_some_and(|it| it == extension));
    let mut found: Vec<String> =
        sources.flat_map(|(_, path)| find(&fs::read_to_string(path).unwrap())).collect();
    found.sort();
    found
}

#[test]
fn what_kotlin_declares_rust_exports_and_nothing_else() {
    let declared = all("bindings/kotlin/src/main", "kt", declared);
    assert_eq!(declared, ["Java_org_heliograph_SystemTrust_introduce"]);
    assert_eq!(declared, all("bindings/ffi/src", "rs", exported));
}
