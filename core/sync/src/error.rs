//! Why an input could not be handled. Whatever the reason, its transaction was rolled back and nothing changed.

use heliograph_model::{Error, ErrorCode};
use heliograph_store::StoreError;

/// See the module.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A stored value does not decode: damage, or a newer version wrote it.
    #[error("a stored value does not decode")]
    Codec,
    /// The database holds no account yet.
    #[error("the database holds no account")]
    NoAccount,
    /// The MLS engine failed in a way that is no fault of the input: lost keys, a full disk under it, a bug.
    #[error("the group engine failed: {0}")]
    Mls(String),
}

impl EngineError {
    /// A failure of the MLS engine that its input is not to blame for.
    pub(crate) fn mls(error: impl std::fmt::Display) -> Self {
        Self::Mls(error.to_string())
    }
}

impl From<EngineError> for Error {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Store(error) => error.into(),
            EngineError::Codec => Self::new(ErrorCode::StoreCorrupt, error.to_string()),
            EngineError::NoAccount => Self::new(ErrorCode::NotFound, error.to_string()),
            EngineError::Mls(_) => Self::new(ErrorCode::Internal, error.to_string()),
        }
    }
}
