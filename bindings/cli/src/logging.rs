//! Logs for developers, on the error output, only when `HELIOGRAPH_LOG` asks for them.
//!
//! Heliograph's own targets log nothing private. The libraries below it do: at `debug` and `trace` tokio-xmpp, rxml and
//! others print whole stanzas, with passwords and texts in them. So whatever the variable asks for, nothing but our own
//! targets logs below `info`.

use std::io;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// The environment variable with the filter, as in `heliograph_sync=debug`.
pub const VARIABLE: &str = "HELIOGRAPH_LOG";

/// Every crate of this workspace starts its targets with this.
const OWN_TARGETS: &str = "heliograph";

/// Starts logging if the variable is set to something.
pub fn start() {
    let Ok(wanted) = std::env::var(VARIABLE) else { return };
    if wanted.is_empty() {
        return;
    }
    let started = tracing_subscriber::registry()
        .with(EnvFilter::new(wanted))
        .with(filter_fn(|metadata| may_log(metadata.target(), (*metadata.level()).into())))
        .with(tracing_subscriber::fmt::layer().with_writer(io::stderr))
        .try_init();
    // Only a second subscriber in one process can fail here; then the first one goes on logging.
    drop(started);
}

/// Whether a target may log at this level at all.
fn may_log(target: &str, level: LevelFilter) -> bool {
    level <= LevelFilter::INFO || target.starts_with(OWN_TARGETS)
}

#[cfg(test)]
mod tests {
    use super::may_log;
    use tracing_subscriber::filter::LevelFilter;

    #[test]
    fn libraries_that_print_stanzas_stay_silent() {
        for target in ["tokio_xmpp::xmlstream", "xso", "rxml::parser", "log", "rustls"] {
            assert!(!may_log(target, LevelFilter::DEBUG) && !may_log(target, LevelFilter::TRACE), "{target}");
            assert!(may_log(target, LevelFilter::INFO));
        }
        assert!(may_log("heliograph_sync::archive", LevelFilter::TRACE));
    }
}
