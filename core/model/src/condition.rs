//! What the operating system says about the phone: its network and its power.

use std::fmt;
use std::net::IpAddr;

/// Names one network, the same each time the phone is on it: the SSID, a cell operator, a hash of either. Opaque here.
///
/// Where somebody was is private, so `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct NetworkId(String);

impl NetworkId {
    /// Wraps the text as it is.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for NetworkId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("NetworkId(..)")
    }
}

/// The network as it is now. [`NetworkState::default`] is what is believed until somebody says otherwise: there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkState {
    /// There is one.
    pub available: bool,
    /// Which. Without a name nothing is learned about it for the next time.
    pub id: Option<NetworkId>,
    /// The network before this one no longer exists, so that no socket on it can live. If it may still be there (a phone
    /// that prefers Wi-Fi keeps its cell for a while), leave this `false`: the link is then asked.
    pub previous_gone: bool,
    /// Whom to ask for names, where the operating system says it (on Android and iOS nobody else can). Empty: whoever the
    /// system is configured for.
    pub name_servers: Vec<IpAddr>,
}

impl NetworkState {
    /// There is none.
    pub const fn unavailable() -> Self {
        Self { available: false, id: None, previous_gone: false, name_servers: Vec::new() }
    }

    /// There is one, whichever.
    pub const fn available() -> Self {
        Self { available: true, id: None, previous_gone: false, name_servers: Vec::new() }
    }

    /// There is this one.
    pub const fn on(id: NetworkId) -> Self {
        Self { available: true, id: Some(id), previous_gone: false, name_servers: Vec::new() }
    }
}

impl Default for NetworkState {
    fn default() -> Self {
        Self::available()
    }
}

/// The simple way to say it.
impl From<bool> for NetworkState {
    fn from(available: bool) -> Self {
        if available { Self::available() } else { Self::unavailable() }
    }
}

/// The power as it is now. The default is a phone with enough of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PowerState {
    /// The user, or an empty battery, asks for saving (Android's battery saver, iOS's low power mode).
    pub low_power: bool,
    /// A charger is connected.
    pub charging: bool,
    /// The system has put the phone to rest (Android's doze): timers do not fire on time and the network may be held back.
    pub idle: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_the_phone_was_is_in_no_log() {
        let state = NetworkState::on(NetworkId::new("clinic Wi-Fi"));
        assert!(!format!("{state:?}").contains("clinic"));
    }
}
