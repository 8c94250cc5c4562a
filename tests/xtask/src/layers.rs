//! The layers, checked on what each crate really depends on.
//!
//! The picture is in the README and in the architecture: an arrow is a dependency, none points up. Cargo alone would let
//! anybody add an arrow. Test code (`tests/`, dev-dependencies) may look at everything; a crate that is not in the table
//! fails the check until somebody has decided where it stands.

use anyhow::Context;
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

/// Each crate, and which crates of this workspace it may depend on.
const ARROWS: [(&str, &[&str]); 13] = [
    ("heliograph-model", &[]),
    ("heliograph-store", &["heliograph-model"]),
    ("heliograph-mls", &["heliograph-model"]),
    ("heliograph-xmpp", &["heliograph-model"]),
    ("heliograph-sync", &["heliograph-model", "heliograph-mls", "heliograph-store"]),
    (
        "heliograph-client",
        // The store for its types of messages and conversations, which the facade shows as they are.
        &["heliograph-model", "heliograph-store", "heliograph-sync", "heliograph-xmpp"],
    ),
    ("heliograph-ffi", &["heliograph-client"]),
    ("heliograph-bindgen", &[]),
    ("heliograph", &["heliograph-client"]),
    // The lab sees what a user sees: the shared vocabulary and nothing else.
    ("heliograph-lab", &["heliograph-model"]),
    ("xtask", &["heliograph-lab", "heliograph-model"]),
    // Benches look at each layer by itself.
    (
        "heliograph-bench",
        &[
            "heliograph-client",
            "heliograph-lab",
            "heliograph-mls",
            "heliograph-model",
            "heliograph-store",
            "heliograph-sync",
            "heliograph-xmpp",
        ],
    ),
    (
        "heliograph-suites",
        &[
            "heliograph-client",
            "heliograph-lab",
            "heliograph-mls",
            "heliograph-model",
            "heliograph-store",
            "heliograph-sync",
            "heliograph-xmpp",
        ],
    ),
];

/// What belongs to one place: crates whose name is or starts with the text (up to a `-` or `_`), and who may use them.
const OWNED: [(&str, &[&str]); 14] = [
    // SQL.
    ("rusqlite", &["heliograph-store"]),
    ("libsqlite3", &["heliograph-store"]),
    // MLS. The store implements its storage trait.
    ("openmls", &["heliograph-mls", "heliograph-store"]),
    // The wire.
    ("tokio-xmpp", &["heliograph-xmpp"]),
    ("xmpp-parsers", &["heliograph-xmpp"]),
    ("xso", &["heliograph-xmpp"]),
    ("minidom", &["heliograph-xmpp"]),
    ("rxml", &["heliograph-xmpp"]),
    ("ring", &["heliograph-xmpp"]),
    ("rustls", &["heliograph-xmpp"]),
    ("hickory", &["heliograph-xmpp"]),
    ("hyper", &["heliograph-xmpp"]),
    // Sockets, timers and tasks: nothing of the sort in the engine and below it.
    ("tokio", &["heliograph-xmpp", "heliograph-client", "heliograph-ffi", "heliograph"]),
    ("uniffi", &["heliograph-ffi", "heliograph-bindgen"]),
];

/// The folder whose crates may use any library.
const TEST_CODE: &str = "tests";

/// What is not as it should be, one sentence each; empty if all is well. Also how many dependencies were looked at.
pub fn violations() -> anyhow::Result<(usize, Vec<String>)> {
    Ok(check(&metadata()?))
}

/// What cargo knows of the workspace's own crates.
pub fn metadata() -> anyhow::Result<Metadata> {
    MetadataCommand::new()
        .current_dir(heliograph_lab::workspace::root())
        .no_deps()
        .exec()
        .context("asking cargo about the workspace")
}

/// The same with everything that they depend on.
pub fn with_dependencies() -> anyhow::Result<Metadata> {
    MetadataCommand::new()
        .current_dir(heliograph_lab::workspace::root())
        .exec()
        .context("asking cargo about the dependencies")
}

fn check(metadata: &Metadata) -> (usize, Vec<String>) {
    let packages = metadata.workspace_packages();
    let ours = |name: &str| packages.iter().any(|package| package.name.as_str() == name);
    let mut looked_at = 0;
    let mut violations = Vec::new();
    for package in &packages {
        let name = package.name.as_str();
        let Some((_, allowed)) = ARROWS.iter().find(|(crate_name, _)| *crate_name == name) else {
            violations
                .push(format!("{name} stands in no layer: add it to the table of tests/xtask/src/layers.rs"));
            continue;
        };
        let shipped = package.dependencies.iter().filter(|each| each.kind != DependencyKind::Development);
        for dependency in shipped.map(|dependency| dependency.name.as_str()) {
            looked_at += 1;
            if ours(dependency) {
                if !allowed.contains(&dependency) {
                    violations
                        .push(format!("{name} must not depend on {dependency}: no arrow of the layers"));
                }
            } else if let Some(owners) = owners(dependency)
                && !owners.contains(&name)
                && !is_test_code(metadata, package)
            {
                violations
                    .push(format!("{name} must not use {dependency}: it is {}'s", owners.join(" and ")));
            }
        }
    }
    (looked_at, violations)
}

/// Who may use a library, if that is not everybody. The longest name wins: `tokio-xmpp` is not `tokio`'s.
fn owners(library: &str) -> Option<&'static [&'static str]> {
    OWNED
        .iter()
        .filter(|(owned, _)| {
            library.strip_prefix(owned).is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_']))
        })
        .max_by_key(|(owned, _)| owned.len())
        .map(|(_, owners)| *owners)
}

fn is_test_code(metadata: &Metadata, package: &Package) -> bool {
    package.manifest_path.strip_prefix(&metadata.workspace_root).is_ok_and(|path| path.starts_with(TEST_CODE))
}

#[cfg(test)]
mod tests {
    use super::{check, metadata, owners};
    use cargo_metadata::DependencyKind;

    #[test]
    fn the_workspace_keeps_its_layers() {
        let (looked_at, violations) = check(&metadata().unwrap());
        assert!(looked_at > 40, "only {looked_at} dependencies were looked at");
        assert_eq!(violations, Vec::<String>::new());
    }

    /// The real workspace with one more dependency: that of `from` on the crate that `like` has under another name.
    fn with_arrow(from: &str, to: &str, kind: DependencyKind) -> Vec<String> {
        let mut metadata = metadata().unwrap();
        let mut arrow =
            metadata.packages.iter().flat_map(|package| &package.dependencies).next().unwrap().clone();
        to.clone_into(&mut arrow.name);
        arrow.kind = kind;
        let package = metadata.packages.iter_mut().find(|package| package.name.as_str() == from).unwrap();
        package.dependencies.push(arrow);
        check(&metadata).1
    }

    #[test]
    fn an_arrow_that_points_up_or_aside_is_found() {
        for (from, to) in [
            ("heliograph-model", "heliograph-store"),
            ("heliograph-store", "heliograph-mls"),
            ("heliograph-sync", "heliograph-xmpp"),
            ("heliograph-ffi", "heliograph-sync"),
            ("heliograph-client", "rusqlite"),
            ("heliograph-sync", "openmls_traits"),
            ("heliograph-sync", "tokio"),
            ("heliograph-client", "tokio-xmpp"),
            ("heliograph", "rustls"),
        ] {
            let found = with_arrow(from, to, DependencyKind::Normal);
            assert_eq!(found.len(), 1, "{from} -> {to}: {found:?}");
            assert!(found[0].contains(from) && found[0].contains(to), "{found:?}");
            assert_eq!(with_arrow(from, to, DependencyKind::Development), Vec::<String>::new());
        }
    }

    #[test]
    fn test_code_may_use_any_library() {
        assert_eq!(with_arrow("heliograph-suites", "rusqlite", DependencyKind::Normal), Vec::<String>::new());
    }

    #[test]
    fn names_are_matched_whole() {
        assert!(owners("openmls_traits").is_some());
        assert!(owners("saslprep").is_none());
        assert_eq!(owners("tokio-rustls").map(<[_]>::len), Some(4));
        assert_eq!(owners("tokio-xmpp"), Some(["heliograph-xmpp"].as_slice()));
    }
}
