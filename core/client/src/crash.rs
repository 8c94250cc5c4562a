//! Places at which a test can make the process die, as a flat battery or the operating system would.
//!
//! `HELIOGRAPH_CRASH=after-commit:17` ends the process, without any clean-up, the seventeenth time it comes to that place.
//! Only builds with debug assertions look; in a release these are empty functions.

/// Beside a transaction: the only moments that what is on disk can depend on.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    /// Something happened; nothing is written.
    BeforeCommit,
    /// It is written; nothing is sent, acknowledged or shown.
    AfterCommit,
    /// It is written and handed to the session; the server was not told that we have what it sent.
    BeforeAcknowledge,
    /// All is done.
    AfterAcknowledge,
    /// The server gave a new token, or one is about to be used; that is not written.
    BeforeRemember,
    /// It is written.
    AfterRemember,
}

impl Place {
    #[cfg(debug_assertions)]
    const fn name(self) -> &'static str {
        match self {
            Self::BeforeCommit => "before-commit",
            Self::AfterCommit => "after-commit",
            Self::BeforeAcknowledge => "before-acknowledge",
            Self::AfterAcknowledge => "after-acknowledge",
            Self::BeforeRemember => "before-remember",
            Self::AfterRemember => "after-remember",
        }
    }
}

/// Dies here if the environment says so.
#[cfg(debug_assertions)]
pub(crate) fn here(place: Place) {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU32, Ordering};

    static WANTED: OnceLock<Option<(String, u32)>> = OnceLock::new();
    static PASSED: AtomicU32 = AtomicU32::new(0);

    let wanted = WANTED.get_or_init(|| {
        let text = std::env::var("HELIOGRAPH_CRASH").ok()?;
        let (place, count) = text.split_once(':')?;
        Some((place.to_owned(), count.parse().ok()?))
    });
    if let Some((wanted, count)) = wanted
        && wanted == place.name()
        && PASSED.fetch_add(1, Ordering::Relaxed) + 1 == *count
    {
        std::process::abort();
    }
}

/// Does nothing: this is a release.
#[cfg(not(debug_assertions))]
pub(crate) const fn here(_place: Place) {}
