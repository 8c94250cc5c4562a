//! What the user has chosen for this account.

use heliograph_model::Error;
use heliograph_store::{Connection, StoreError, Transaction, message, setting};
use serde::{Deserialize, Serialize};

use crate::command::Answer;
use crate::error::EngineError;
use crate::input::Reply;
use crate::step::Step;
use crate::wish::{decode, encode};

/// Under which name they are kept.
const NAME: &str = "settings";

/// What the user has chosen for this account. The serialised form is stored: add fields at the end, with defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Others learn when their messages were shown here. On unless the user says otherwise.
    pub read_receipts: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { read_receipts: true }
    }
}

/// The settings as they are stored.
pub fn settings(connection: &Connection) -> Result<Result<Settings, Error>, StoreError> {
    Ok(match setting::get(connection, NAME)? {
        Some(stored) => decode(&stored).map_err(Error::from),
        None => Ok(Settings::default()),
    })
}

pub(crate) fn load(tx: &Transaction<'_>) -> Result<Settings, EngineError> {
    match setting::get(tx, NAME)? {
        Some(stored) => decode(&stored),
        None => Ok(Settings::default()),
    }
}

impl Step<'_> {
    pub(crate) fn change_settings(&mut self, settings: Settings) -> Result<Answer, EngineError> {
        setting::put(self.tx, NAME, &encode(&settings)?)?;
        if !settings.read_receipts {
            message::drop_markers(self.tx)?;
        }
        Ok(Ok(Reply::Done))
    }
}
