//! OpenMLS' `StorageProvider`: each of its functions is one call of a function in `row.rs`.

use openmls_traits::storage::{CURRENT_VERSION, StorageProvider, traits};

use super::label::Label;
use super::{MlsStorage, StorageError};

const V: u16 = CURRENT_VERSION;

impl StorageProvider<CURRENT_VERSION> for MlsStorage<'_> {
    type Error = StorageError;

    // --- one value of a group ---------------------------------------------------------------------------------------

    fn write_mls_join_config<
        GroupId: traits::GroupId<V>,
        MlsGroupJoinConfig: traits::MlsGroupJoinConfig<V>,
    >(
        &self,
        group_id: &GroupId,
        config: &MlsGroupJoinConfig,
    ) -> Result<(), StorageError> {
        self.note(self.of_group(group_id, Label::JoinConfig).and_then(|at| self.put(&at, config)))
    }

    fn write_tree<GroupId: traits::GroupId<V>, TreeSync: traits::TreeSync<V>>(
        &self,
        group_id: &GroupId,
        tree: &TreeSync,
    ) -> Result<(), StorageError> {
        self.note(self.of_group(group_id, Label::Tree).and_then(|at| self.put(&at, tree)))
    }

    fn write_interim_transcript_hash<
        GroupId: traits::GroupId<V>,
        InterimTranscriptHash: traits::InterimTranscriptHash<V>,
    >(
        &self,
        group_id: &GroupId,
        interim_transcript_hash: &InterimTranscriptHash,
    ) -> Result<(), StorageError> {
        self.note(
            self.of_group(group_id, Label::InterimTranscriptHash)
                .and_then(|at| self.put(&at, interim_transcript_hash)),
        )
    }

    fn write_context<GroupId: traits::GroupId<V>, GroupContext: traits::GroupContext<V>>(
        &self,
        group_id: &GroupId,
        group_context: &GroupContext,
    ) -> Result<(), StorageError> {
        self.note(self.of_group(group_id, Label::Context).and_then(|at| self.put(&at, group_context)))
    }

    fn write_confirmation_tag<GroupId: traits::GroupId<V>, ConfirmationTag: traits::ConfirmationTag<V>>(
        &self,
        group_id: &GroupId,
        confirmation_tag: &ConfirmationTag,
    ) -> Result<(), StorageError> {
        self.note(
            self.of_group(group_id, Label::ConfirmationTag).and_then(|at| self.put(&at, confirmation_tag)),
        )
    }

    fn write_resumption_psk_store<
        GroupId: traits::GroupId<V>,
        ResumptionPskStore: traits::ResumptionPskStore<V>,
    >(
        &self,
        group_id: &GroupId,
        resumption_psk_store: &ResumptionPskStore,
    ) -> Result<(), StorageError> {
        self.note(
            self.of_group(group_id, Label::ResumptionPskStore)
                .and_then(|at| self.put(&at, resumption_psk_store)),
        )
    }

    fn write_own_leaf_index<GroupId: traits::GroupId<V>, LeafNodeIndex: traits::LeafNodeIndex<V>>(
        &self,
        group_id: &GroupId,
        own_leaf_index: &LeafNodeIndex,
    ) -> Result<(), StorageError> {
        self.note(self.of_group(group_id, Label::OwnLeafIndex).and_then(|at| self.put(&at, own_leaf_index)))
    }

    fn write_group_epoch_secrets<
        GroupId: traits::GroupId<V>,
        GroupEpochSecrets: traits::GroupEpochSecrets<V>,
    >(
        &self,
        group_id: &GroupId,
        group_epoch_secrets: &GroupEpochSecrets,
    ) -> Result<(), StorageError> {
        self.note(
            self.of_group(group_id, Label::EpochSecrets).and_then(|at| self.put(&at, group_epoch_secrets)),
        )
    }

    fn write_group_state<GroupState: traits::GroupState<V>, GroupId: traits::GroupId<V>>(
        &self,
        group_id: &GroupId,
        group_state: &GroupState,
    ) -> Result<(), StorageError> {
        self.note(self.of_group(group_id, Label::GroupState).and_then(|at| self.put(&at, group_state)))
    }

    fn write_message_secrets<GroupId: traits::GroupId<V>, MessageSecrets: traits::MessageSecrets<V>>(
        &self,
        group_id: &GroupId,
        message_secrets: &MessageSecrets,
    ) -> Result<(), StorageError> {
        if self.defers_message_secrets() {
            return Ok(());
        }
        self.note(
            self.of_group(group_id, Label::MessageSecrets).and_then(|at| self.put(&at, message_secrets)),
        )
    }

    fn mls_group_join_config<
        GroupId: traits::GroupId<V>,
        MlsGroupJoinConfig: traits::MlsGroupJoinConfig<V>,
    >(
        &self,
        group_id: &GroupId,
    ) -> Result<Option<MlsGroupJoinConfig>, StorageError> {
        self.note(self.of_group(group_id, Label::JoinConfig).and_then(|at| self.take(&at)))
    }

    fn tree<GroupId: traits::GroupId<V>, TreeSync: traits::TreeSync<V>>(
        &self,
        group_id: &GroupId,
    ) -> Result<Option<TreeSync>, StorageError> {
        self.note(self.of_group(group_id, Label::Tree).and_then(|at| self.take(&at)))
    }

    fn group_context<GroupId: traits::GroupId<V>, GroupContext: traits::GroupContext<V>>(
        &self,
        group_id: &GroupId,
    ) -> Result<Option<GroupContext>, StorageError> {
        self.note(self.of_group(group_id, Label::Context).and_then(|at| self.take(&at)))
    }

    fn interim_transcript_hash<
        GroupId: traits::GroupId<V>,
        InterimTranscriptHash: traits::InterimTranscriptHash<V>,
    >(
        &self,
        group_id: &GroupId,
    ) -> Result<Option<InterimTranscriptHash>, StorageError> {
        self.note(self.of_group(group_id, Label::InterimTranscriptHash).and_then(|at| self.take(&at)))
    }

    fn confirmation_tag<GroupId: traits::GroupId<V>, ConfirmationTag: traits::ConfirmationTag<V>>(
        &self,
        group_id: &GroupId,
    ) -> Result<Option<ConfirmationTag>, StorageError> {
        self.note(self.of_group(group_id, Label::ConfirmationTag).and_then(|at| self.take(&at)))
    }

    fn message_secrets<GroupId: traits::GroupId<V>, MessageSecrets: traits::MessageSecrets<V>>(
        &self,
        group_id: &GroupId,
    ) -> Result<Option<MessageSecrets>, StorageError> {
        self.note(self.of_group(group_id, Label::MessageSecrets).and_then(|at| self.take(&at)))
    }

    fn resumption_psk_store<
        GroupId: traits::GroupId<V>,
        ResumptionPskStore: traits::ResumptionPskStore<V>,
    >(
        &self,
        group_id: &GroupId,
    ) -> Result<Option<ResumptionPskStore>, StorageError> {
        self.note(self.of_group(group_id, Label::ResumptionPskStore).and_then(|at| self.take(&at)))
    }

    fn own_leaf_index<GroupId: traits::GroupId<V>, LeafNodeIndex: traits::LeafNodeIndex<V>>(
        &self,
        group_id: &GroupId,
    ) -> Result<Option<LeafNodeIndex>, StorageError> {
        self.note(self.of_group(group_id, Label::OwnLeafIndex).and_then(|at| self.take(&at)))
    }

    fn group_epoch_secrets<GroupId: traits::GroupId<V>, GroupEpochSecrets: traits::GroupEpochSecrets<V>>(
        &self,
        group_id: &GroupId,
    ) -> Result<Option<GroupEpochSecrets>, StorageError> {
        self.note(self.of_group(group_id, Label::EpochSecrets).and_then(|at| self.take(&at)))
    }

    fn group_state<GroupState: traits::GroupState<V>, GroupId: traits::GroupId<V>>(
        &self,
        group_id: &GroupId,
    ) -> Result<Option<GroupState>, StorageError> {
        self.note(self.of_group(group_id, Label::GroupState).and_then(|at| self.take(&at)))
    }

    fn delete_group_config<GroupId: traits::GroupId<V>>(
        &self,
        group_id: &GroupId,
    ) -> Result<(), StorageError> {
        self.note(self.of_group(group_id, Label::JoinConfig).and_then(|at| self.remove(&at)))
    }

    fn delete_tree<GroupId: traits::GroupId<V>>(&self, group_id: &GroupId) -> Result<(), StorageError> {
        self.note(self.of_group(group_id, Label::Tree).and_then(|at| self.remove(&at)))
    }

    fn delete_confirmation_tag<GroupId: traits::GroupId<V>>(
        &self,
        group_id: &GroupId,
    ) -> Result<(), StorageError> {
        self.note(self.of_group(group_id, Label::ConfirmationTag).and_then(|at| self.remove(&at)))
    }

    fn delete_group_state<GroupId: traits::GroupId<V>>(
        &self,
        group_id: &GroupId,
    ) -> Result<(), StorageError> {
        self.note(self.of_group(group_id, Label::GroupState).and_then(|at| self.remove(&at)))
    }

    fn delete_context<GroupId: traits::GroupId<V>>(&self, group_id: &GroupId) -> Result<(), StorageError> {
        self.note(self.of_group(group_id, Label::Context).and_then(|at| self.remove(&at)))
    }

    fn delete_interim_transcript_hash<GroupId: traits::GroupId<V>>(
        &self,
        group_id: &GroupId,
    ) -> Result<(), StorageError> {
        self.note(self.of_group(group_id, Label::InterimTranscriptHash).and_then(|at| self.remove(&at)))
    }

    fn delete_message_secrets<GroupId: traits::GroupId<V>>(
        &self,
        group_id: &GroupId,
    ) -> Result<(), StorageError> {
        self.note(self.of_group(group_id, Label::MessageSecrets).and_then(|at| self.remove(&at)))
    }

    fn delete_all_resumption_psk_secrets<GroupId: traits::GroupId<V>>(
        &self,
        group_id: &GroupId,
    ) -> Result<(), StorageError> {
        self.note(self.of_group(group_id, Label::ResumptionPskStore).and_then(|at| self.remove(&at)))
    }

    fn delete_own_leaf_index<GroupId: traits::GroupId<V>>(
        &self,
        group_id: &GroupId,
    ) -> Result<(), StorageError> {
        self.note(self.of_group(group_id, Label::OwnLeafIndex).and_then(|at| self.remove(&at)))
    }

    fn delete_group_epoch_secrets<GroupId: traits::GroupId<V>>(
        &self,
        group_id: &GroupId,
    ) -> Result<(), StorageError> {
        self.note(self.of_group(group_id, Label::EpochSecrets).and_then(|at| self.remove(&at)))
    }

    // --- several values of a group ----------------------------------------------------------------------------------

    fn append_own_leaf_node<GroupId: traits::GroupId<V>, LeafNode: traits::LeafNode<V>>(
        &self,
        group_id: &GroupId,
        leaf_node: &LeafNode,
    ) -> Result<(), StorageError> {
        self.note(self.of_group(group_id, Label::OwnLeafNodes).and_then(|at| self.append(&at, leaf_node)))
    }

    fn own_leaf_nodes<GroupId: traits::GroupId<V>, LeafNode: traits::LeafNode<V>>(
        &self,
        group_id: &GroupId,
    ) -> Result<Vec<LeafNode>, StorageError> {
        self.note(self.of_group(group_id, Label::OwnLeafNodes).and_then(|at| self.list(&at)))
    }

    fn delete_own_leaf_nodes<GroupId: traits::GroupId<V>>(
        &self,
        group_id: &GroupId,
    ) -> Result<(), StorageError> {
        self.note(self.of_group(group_id, Label::OwnLeafNodes).and_then(|at| self.clear(&at)))
    }

    // A proposal is stored together with its reference, which OpenMLS asks for as well.
    fn queue_proposal<
        GroupId: traits::GroupId<V>,
        ProposalRef: traits::ProposalRef<V>,
        QueuedProposal: traits::QueuedProposal<V>,
    >(
        &self,
        group_id: &GroupId,
        proposal_ref: &ProposalRef,
        proposal: &QueuedProposal,
    ) -> Result<(), StorageError> {
        self.note(
            self.of_group_at(group_id, Label::QueuedProposal, proposal_ref)
                .and_then(|at| self.put(&at, &(proposal_ref, proposal))),
        )
    }

    fn queued_proposals<
        GroupId: traits::GroupId<V>,
        ProposalRef: traits::ProposalRef<V>,
        QueuedProposal: traits::QueuedProposal<V>,
    >(
        &self,
        group_id: &GroupId,
    ) -> Result<Vec<(ProposalRef, QueuedProposal)>, StorageError> {
        self.note(self.of_group(group_id, Label::QueuedProposal).and_then(|at| self.list(&at)))
    }

    fn queued_proposal_refs<GroupId: traits::GroupId<V>, ProposalRef: traits::ProposalRef<V>>(
        &self,
        group_id: &GroupId,
    ) -> Result<Vec<ProposalRef>, StorageError> {
        let pairs: Vec<(ProposalRef, serde::de::IgnoredAny)> =
            self.note(self.of_group(group_id, Label::QueuedProposal).and_then(|at| self.list(&at)))?;
        Ok(pairs.into_iter().map(|(proposal_ref, _)| proposal_ref).collect())
    }

    fn remove_proposal<GroupId: traits::GroupId<V>, ProposalRef: traits::ProposalRef<V>>(
        &self,
        group_id: &GroupId,
        proposal_ref: &ProposalRef,
    ) -> Result<(), StorageError> {
        self.note(
            self.of_group_at(group_id, Label::QueuedProposal, proposal_ref).and_then(|at| self.remove(&at)),
        )
    }

    fn clear_proposal_queue<GroupId: traits::GroupId<V>, ProposalRef: traits::ProposalRef<V>>(
        &self,
        group_id: &GroupId,
    ) -> Result<(), StorageError> {
        self.note(self.of_group(group_id, Label::QueuedProposal).and_then(|at| self.clear(&at)))
    }

    fn write_encryption_epoch_key_pairs<
        GroupId: traits::GroupId<V>,
        EpochKey: traits::EpochKey<V>,
        HpkeKeyPair: traits::HpkeKeyPair<V>,
    >(
        &self,
        group_id: &GroupId,
        epoch: &EpochKey,
        leaf_index: u32,
        key_pairs: &[HpkeKeyPair],
    ) -> Result<(), StorageError> {
        self.note(
            self.of_group_at(group_id, Label::EpochKeyPairs, &(epoch, leaf_index))
                .and_then(|at| self.put(&at, key_pairs)),
        )
    }

    fn encryption_epoch_key_pairs<
        GroupId: traits::GroupId<V>,
        EpochKey: traits::EpochKey<V>,
        HpkeKeyPair: traits::HpkeKeyPair<V>,
    >(
        &self,
        group_id: &GroupId,
        epoch: &EpochKey,
        leaf_index: u32,
    ) -> Result<Vec<HpkeKeyPair>, StorageError> {
        let pairs = self.note(
            self.of_group_at(group_id, Label::EpochKeyPairs, &(epoch, leaf_index))
                .and_then(|at| self.take(&at)),
        )?;
        Ok(pairs.unwrap_or_default())
    }

    fn delete_encryption_epoch_key_pairs<GroupId: traits::GroupId<V>, EpochKey: traits::EpochKey<V>>(
        &self,
        group_id: &GroupId,
        epoch: &EpochKey,
        leaf_index: u32,
    ) -> Result<(), StorageError> {
        self.note(
            self.of_group_at(group_id, Label::EpochKeyPairs, &(epoch, leaf_index))
                .and_then(|at| self.remove(&at)),
        )
    }

    // --- what belongs to the device ---------------------------------------------------------------------------------

    fn write_signature_key_pair<
        SignaturePublicKey: traits::SignaturePublicKey<V>,
        SignatureKeyPair: traits::SignatureKeyPair<V>,
    >(
        &self,
        public_key: &SignaturePublicKey,
        signature_key_pair: &SignatureKeyPair,
    ) -> Result<(), StorageError> {
        self.note(
            Self::of_device(Label::SignatureKeyPair, public_key)
                .and_then(|at| self.put(&at, signature_key_pair)),
        )
    }

    fn signature_key_pair<
        SignaturePublicKey: traits::SignaturePublicKey<V>,
        SignatureKeyPair: traits::SignatureKeyPair<V>,
    >(
        &self,
        public_key: &SignaturePublicKey,
    ) -> Result<Option<SignatureKeyPair>, StorageError> {
        self.note(Self::of_device(Label::SignatureKeyPair, public_key).and_then(|at| self.take(&at)))
    }

    fn delete_signature_key_pair<SignaturePublicKey: traits::SignaturePublicKey<V>>(
        &self,
        public_key: &SignaturePublicKey,
    ) -> Result<(), StorageError> {
        self.note(Self::of_device(Label::SignatureKeyPair, public_key).and_then(|at| self.remove(&at)))
    }

    fn write_encryption_key_pair<
        EncryptionKey: traits::EncryptionKey<V>,
        HpkeKeyPair: traits::HpkeKeyPair<V>,
    >(
        &self,
        public_key: &EncryptionKey,
        key_pair: &HpkeKeyPair,
    ) -> Result<(), StorageError> {
        self.note(
            Self::of_device(Label::EncryptionKeyPair, public_key).and_then(|at| self.put(&at, key_pair)),
        )
    }

    fn encryption_key_pair<HpkeKeyPair: traits::HpkeKeyPair<V>, EncryptionKey: traits::EncryptionKey<V>>(
        &self,
        public_key: &EncryptionKey,
    ) -> Result<Option<HpkeKeyPair>, StorageError> {
        self.note(Self::of_device(Label::EncryptionKeyPair, public_key).and_then(|at| self.take(&at)))
    }

    fn delete_encryption_key_pair<EncryptionKey: traits::EncryptionKey<V>>(
        &self,
        public_key: &EncryptionKey,
    ) -> Result<(), StorageError> {
        self.note(Self::of_device(Label::EncryptionKeyPair, public_key).and_then(|at| self.remove(&at)))
    }

    fn write_key_package<HashReference: traits::HashReference<V>, KeyPackage: traits::KeyPackage<V>>(
        &self,
        hash_ref: &HashReference,
        key_package: &KeyPackage,
    ) -> Result<(), StorageError> {
        self.note(Self::of_device(Label::KeyPackage, hash_ref).and_then(|at| self.put(&at, key_package)))
    }

    fn key_package<HashReference: traits::HashReference<V>, KeyPackage: traits::KeyPackage<V>>(
        &self,
        hash_ref: &HashReference,
    ) -> Result<Option<KeyPackage>, StorageError> {
        self.note(Self::of_device(Label::KeyPackage, hash_ref).and_then(|at| self.take(&at)))
    }

    fn delete_key_package<HashReference: traits::HashReference<V>>(
        &self,
        hash_ref: &HashReference,
    ) -> Result<(), StorageError> {
        self.note(Self::of_device(Label::KeyPackage, hash_ref).and_then(|at| self.remove(&at)))
    }

    fn write_psk<PskId: traits::PskId<V>, PskBundle: traits::PskBundle<V>>(
        &self,
        psk_id: &PskId,
        psk: &PskBundle,
    ) -> Result<(), StorageError> {
        self.note(Self::of_device(Label::Psk, psk_id).and_then(|at| self.put(&at, psk)))
    }

    fn psk<PskBundle: traits::PskBundle<V>, PskId: traits::PskId<V>>(
        &self,
        psk_id: &PskId,
    ) -> Result<Option<PskBundle>, StorageError> {
        self.note(Self::of_device(Label::Psk, psk_id).and_then(|at| self.take(&at)))
    }

    fn delete_psk<PskId: traits::PskId<V>>(&self, psk_id: &PskId) -> Result<(), StorageError> {
        self.note(Self::of_device(Label::Psk, psk_id).and_then(|at| self.remove(&at)))
    }
}
