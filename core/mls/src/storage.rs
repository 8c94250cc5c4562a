//! Failures that are nobody's message: the storage, or OpenMLS itself.

/// The storage provider failed. After this error the group in memory may be ahead of the storage: roll the transaction back
/// and load the group again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the storage failed: {detail}")]
pub struct StorageFailure {
    /// The provider's own description.
    pub detail: String,
}

impl StorageFailure {
    pub(crate) fn new(error: impl std::fmt::Display) -> Self {
        Self { detail: error.to_string() }
    }

    /// OpenMLS reports some storage failures, and its own faults, as a "library error" without the cause.
    pub(crate) fn library() -> Self {
        Self { detail: "OpenMLS could not complete the operation".to_owned() }
    }
}
