//! The log: for a developer at the device, and for somebody who helps a user from afar.
//!
//! The same lines go to two places. The operating system's log (logcat on Android, unified logging on Apple's systems) is
//! for the developer, and the last lines of all stay in memory until the app exports them, for support. Nothing is written to
//! a file or sent anywhere.
//!
//! **What is in it.** What Heliograph's own crates say: they name no address, text, group, key or password. What libraries
//! below say can't be vouched for, so of them only the place in their source is noted, and only from warnings on. A suite holds a
//! whole conversation to that (`tests/suites/tests/log.rs`).

mod line;
mod notebook;
#[cfg(target_vendor = "apple")]
mod unified;

use std::sync::{Mutex, OnceLock, PoisonError};

use tracing_subscriber::Registry;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::reload;

use notebook::{Notebook, Pages};

/// What a developer has to look for in the system's log.
#[cfg(any(target_os = "android", target_vendor = "apple"))]
const NAME: &str = "heliograph";

/// How much is said. Each includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum LogLevel {
    /// Faults of Heliograph.
    Error,
    /// What may be one, or somebody else's.
    Warn,
    /// What a user could have noticed.
    Info,
    /// Why the engine did what it did.
    Debug,
    /// Every step.
    Trace,
}

impl From<LogLevel> for LevelFilter {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Error => Self::ERROR,
            LogLevel::Warn => Self::WARN,
            LogLevel::Info => Self::INFO,
            LogLevel::Debug => Self::DEBUG,
            LogLevel::Trace => Self::TRACE,
        }
    }
}

/// Changes the level of what was installed; `None` if this process has a log of somebody else's.
type Level = Option<reload::Handle<LevelFilter, Registry>>;

static LEVEL: OnceLock<Level> = OnceLock::new();
static PAGES: Mutex<Pages> = Mutex::new(Pages::new());

/// Starts logging, to be called before anything else; called again, only changes the level. There is one log for all accounts.
#[uniffi::export]
pub fn start_logging(level: LogLevel) {
    let installed = LEVEL.get_or_init(|| install(level.into()));
    if let Some(handle) = installed {
        // Fails only if the subscriber is gone, which it never is.
        let _ = handle.modify(|filter| *filter = level.into());
    }
}

/// The last lines of the log, oldest first, each with time (UTC), level, place and text; at most 256 KiB of them. Empty but for
/// its first line if [`start_logging`] was not called. Names no address, text, group, key or password.
#[uniffi::export]
pub fn export_log() -> String {
    let head = format!(
        "Heliograph {} on {} {}\n",
        heliograph_client::VERSION,
        std::env::consts::OS,
        std::env::consts::ARCH
    );
    PAGES.lock().unwrap_or_else(PoisonError::into_inner).copy(head)
}

fn install(level: LevelFilter) -> Level {
    let (filter, handle) = reload::Layer::new(level);
    let layers = Notebook::new(&PAGES).boxed();
    #[cfg(any(target_os = "android", target_vendor = "apple"))]
    let layers: Box<dyn Layer<Registry> + Send + Sync> = match of_the_system() {
        Some(system) => layers.and_then(system).boxed(),
        None => layers,
    };
    let subscriber = tracing_subscriber::registry().with(layers.with_filter(filter));
    if tracing::subscriber::set_global_default(subscriber).is_err() {
        return None;
    }
    // Whoever has claimed the `log` crate before keeps it; then what libraries say through it is not noted.
    let _ = tracing_log::LogTracer::init();
    Some(handle)
}

/// Only our own lines: what libraries say goes nowhere readable.
#[cfg(any(target_os = "android", target_vendor = "apple"))]
#[cfg_attr(
    target_vendor = "apple",
    expect(clippy::unnecessary_wraps, reason = "Android's can't always be had")
)]
fn of_the_system() -> Option<Box<dyn Layer<Registry> + Send + Sync>> {
    #[cfg(target_os = "android")]
    let layer = tracing_android::layer(NAME).ok()?;
    #[cfg(target_vendor = "apple")]
    let layer = unified::Unified::new();
    let own = tracing_subscriber::filter::filter_fn(|metadata| line::is_own(metadata.target()));
    Some(layer.with_filter(own).boxed())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One test, because a process has one log.
    #[test]
    fn the_log_begins_once_and_its_level_changes() {
        assert_eq!(export_log().lines().count(), 1, "nothing but the head");
        start_logging(LogLevel::Info);
        tracing::info!(target: "heliograph_test", rooms = 3, "caught up");
        tracing::debug!(target: "heliograph_test", "not this");
        start_logging(LogLevel::Debug);
        tracing::debug!(target: "heliograph_test", "but this");
        tracing::trace!(target: "heliograph_test", "nor this");
        start_logging(LogLevel::Error);
        tracing::info!(target: "heliograph_test", "nor this either");
        start_logging(LogLevel::Trace);
        tracing::warn!(target: "library::wire", "<message to='ana@example.org'/>");
        tracing::info!(target: "library::wire", "something usual");

        let log = export_log();
        let lines: Vec<&str> = log.lines().collect();
        assert_eq!(lines.len(), 4, "{log}");
        assert!(lines[0].starts_with("Heliograph 0."), "{log}");
        assert!(lines[1].ends_with(" INFO heliograph_test: caught up rooms=3"), "{log}");
        assert!(lines[2].ends_with(" DEBUG heliograph_test: but this"), "{log}");
        assert!(lines[3].contains(" WARN library::wire: (said at ") && !log.contains("ana"), "{log}");
        assert!(humantime::parse_rfc3339(lines[1].split(' ').next().unwrap()).is_ok(), "{log}");
    }
}
