//! What kinds of values OpenMLS keeps, and which of them a past epoch needs.

/// The kind of a value, by the number under which the database keeps it; never reassigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i64)]
pub(super) enum Label {
    JoinConfig = 1,
    OwnLeafNodes = 2,
    QueuedProposal = 3,
    Tree = 4,
    InterimTranscriptHash = 5,
    Context = 6,
    ConfirmationTag = 7,
    GroupState = 8,
    MessageSecrets = 9,
    ResumptionPskStore = 10,
    OwnLeafIndex = 11,
    EpochSecrets = 12,
    EpochKeyPairs = 13,
    SignatureKeyPair = 32,
    EncryptionKeyPair = 33,
    KeyPackage = 34,
    Psk = 35,
}

impl Label {
    pub fn number(self) -> i64 {
        self as i64
    }

    /// Copied into a snapshot as they are.
    pub const COPIED: [Self; 7] = [
        Self::JoinConfig,
        Self::Tree,
        Self::InterimTranscriptHash,
        Self::Context,
        Self::ConfirmationTag,
        Self::MessageSecrets,
        Self::OwnLeafIndex,
    ];

    /// Without these OpenMLS does not load a group, but decrypting needs nothing of them: copied with every byte string
    /// zeroed. The init secret in particular must not outlive its epoch: together with a commit without a path (RFC 9420
    /// §12.4) it yields all secrets of the next one.
    pub const BLANKED: [Self; 2] = [Self::EpochSecrets, Self::ResumptionPskStore];
}
