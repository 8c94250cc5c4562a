//! A group as this device knows it: create, load, encrypt, decrypt.
//!
//! A [`Group`] is a value in memory with its state in the storage provider; every method that changes it writes at once. If
//! the surrounding transaction is rolled back, or a method returns a storage error, the value is ahead of the storage: drop
//! it and [`Group::load`] again.
//!
//! Commits are in [`crate::commit`], joining is in [`crate::join`]. Past epochs are not kept here: the state of one epoch is
//! small and each message rewrites it, so the engine keeps a copy of the storage's rows for each epoch that it may still
//! need.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use heliograph_model::stanza::limits;
use heliograph_model::{Address, GroupId, StanzaId};
use openmls::framing::errors::{MessageDecryptionError, SecretTreeError};
use openmls::prelude::{
    ContentType, GroupId as MlsGroupId, MIXED_PLAINTEXT_WIRE_FORMAT_POLICY, MlsGroup, MlsGroupCreateConfig,
    MlsGroupJoinConfig, MlsMessageBodyIn, MlsMessageIn, NewGroupError, ProcessMessageError,
    ProcessedMessageContent, Sender, ValidationError,
};
use openmls::prelude::{LeafNodeIndex, MlsMessageOut};
use openmls_traits::OpenMlsProvider;
use openmls_traits::storage::StorageProvider;
use sha2::{Digest, Sha256};
use tls_codec::Deserialize as _;

use crate::binding::read_binding;
use crate::content::{Content, ContentError};
use crate::device::{Device, capabilities};
use crate::identity::MemberIdentity;
use crate::key_package::KeyPackage;
use crate::policy;
use crate::randomness::{Provider, STORAGE_VERSION};
use crate::room::{RoomInfo, RoomInfoError, RoomKind};
use crate::storage::StorageFailure;
use crate::validity::{self, InvalidCommit};

/// One Welcome for several accounts: whom to send it to, and the MLSMessage.
pub type Welcome = (Vec<Address>, Vec<u8>);

/// The class of a message, the second byte of its authenticated data and the attribute `k` of its stanza. Authenticated, so
/// that nobody on the way can pass one class off as another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Class {
    Application = b'a',
    Commit = b'c',
}

impl Class {
    pub(crate) fn aad(self) -> [u8; 2] {
        [policy::AAD_VERSION, self as u8]
    }
}

/// An operation of our own on a group failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GroupError {
    /// This device was removed from the group.
    #[error("this device is not a member of the group (any more)")]
    NotAMember,
    /// The device is not the one whose leaf this group state holds.
    #[error("the group belongs to another device")]
    WrongDevice,
    /// A group with this id exists.
    #[error("the group exists")]
    Exists,
    /// A commit of ours is pending: see it in the archive or discard it first.
    #[error("a commit is pending")]
    CommitPending,
    /// The change would change nothing: nobody to add, or nobody to remove.
    #[error("nothing would change")]
    NothingToDo,
    /// Removing our own account is leaving, which is not a commit of ours.
    #[error("a commit can't remove its own account")]
    CannotRemoveSelf,
    /// The group's rules forbid the change, and everybody would ignore the commit.
    #[error("not allowed: {0}")]
    NotAllowed(InvalidCommit),
    /// The content can't be encoded.
    #[error(transparent)]
    Content(#[from] ContentError),
    /// The group's description can't be written, or the stored one can't be read.
    #[error(transparent)]
    Room(#[from] RoomInfoError),
    /// See there.
    #[error(transparent)]
    Storage(#[from] StorageFailure),
}

/// A message could not be received.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReceiveError {
    /// It is for another group.
    #[error("the message is for another group")]
    WrongGroup,
    /// It was made in this earlier epoch, of which the group keeps nothing.
    #[error("the message is from the past epoch {0}")]
    PastEpoch(u64),
    /// It was made in this later epoch: a commit is missing.
    #[error("the message is from the future epoch {0}")]
    FutureEpoch(u64),
    /// Its key was used: the message was decrypted before.
    #[error("the message was decrypted before")]
    SecretReuse,
    /// Its key is gone because too many later messages of the sender came first.
    #[error("the message was overtaken by too many others")]
    Overtaken,
    /// Not an MLSMessage with an encrypted application message of our framing.
    #[error("the message is malformed")]
    Malformed,
    /// This device was removed from the group.
    #[error("this device is not a member of the group (any more)")]
    NotAMember,
    /// It decrypts, but its signature is not the sender's.
    #[error("the message is forged: its signature is wrong")]
    BadSignature,
    /// It does not decrypt: changed on the way, made on another branch, or for nobody.
    #[error("the message can't be decrypted")]
    Undecryptable,
    /// It decrypts, and what its sender wrote is not in our format. Its key is used up.
    #[error("the message's content can't be used: {0}")]
    BadContent(ContentError),
    /// See there.
    #[error(transparent)]
    Storage(#[from] StorageFailure),
}

/// A message that was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// From another member.
    Application {
        /// Who wrote it.
        sender: MemberIdentity,
        /// What it says.
        content: Content,
    },
    /// Our own, coming back. Nobody can decrypt their own messages; the copy that was kept when sending is the message.
    Own,
}

/// A message ready to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The MLSMessage.
    pub data: Vec<u8>,
    /// The id of its stanza.
    pub stanza: StanzaId,
    /// The epoch in which it was made.
    pub epoch: u64,
    /// The branch of the group's history in which it was made.
    pub fork_tag: [u8; 6],
}

impl fmt::Debug for Sealed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Sealed(epoch {}, {} bytes)", self.epoch, self.data.len())
    }
}

/// A new group.
pub struct Created {
    /// The group, with everybody added.
    pub group: Group,
    /// The Welcome for those who were added; `None` if there was nobody.
    pub welcome: Option<Welcome>,
}

impl fmt::Debug for Created {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Created({:?})", self.group)
    }
}

/// The id of the stanza that carries these bytes: 16 characters of URL-safe Base64 over the first 12 bytes of their SHA-256.
/// Equal bytes have equal ids on every transport, so a repetition is seen before anything is decrypted.
pub fn stanza_id(data: &[u8]) -> StanzaId {
    let hash: [u8; 32] = Sha256::digest(data).into();
    let (head, _) = hash.split_at(12);
    StanzaId::new(URL_SAFE_NO_PAD.encode(head))
}

/// One group. See the module.
pub struct Group {
    pub(crate) mls: MlsGroup,
    pub(crate) info: RoomInfo,
}

impl fmt::Debug for Group {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Group(epoch {}, {:?})", self.epoch(), self.info)
    }
}

/// The part of a group's configuration that is ours and not the group's.
pub(crate) fn configuration(kind: RoomKind) -> MlsGroupJoinConfig {
    MlsGroupJoinConfig::builder()
        .wire_format_policy(MIXED_PLAINTEXT_WIRE_FORMAT_POLICY)
        .max_past_epochs(0)
        .sender_ratchet_configuration(policy::sender_ratchet(kind))
        .use_ratchet_tree_extension(true)
        .build()
}

/// Parses an MLSMessage of acceptable size.
pub(crate) fn parse(data: &[u8]) -> Option<MlsMessageBodyIn> {
    if data.len() > limits::MESSAGE_BYTES {
        return None;
    }
    MlsMessageIn::tls_deserialize_exact(data).ok().map(MlsMessageIn::extract)
}

pub(crate) fn message_bytes(message: &MlsMessageOut) -> Result<Vec<u8>, StorageFailure> {
    message.to_bytes().map_err(StorageFailure::new)
}

impl Group {
    /// Creates a group with the given members and merges their addition at once: nobody else is in yet, so there is nobody
    /// to disagree about the order. The commit itself is never sent. If it fails, no group is stored.
    pub fn create<S: StorageProvider<STORAGE_VERSION>>(
        provider: &Provider<'_, S>,
        device: &Device,
        id: GroupId,
        info: RoomInfo,
        key_packages: &[KeyPackage],
    ) -> Result<Created, GroupError> {
        let ours = configuration(info.kind);
        let configuration = MlsGroupCreateConfig::builder()
            .ciphersuite(policy::CIPHERSUITE)
            .wire_format_policy(ours.wire_format_policy())
            .max_past_epochs(0)
            .sender_ratchet_configuration(*ours.sender_ratchet_configuration())
            .use_ratchet_tree_extension(true)
            .capabilities(capabilities())
            .lifetime(policy::leaf_lifetime())
            .with_group_context_extensions(info.to_extensions()?)
            .with_leaf_node_extensions(device.leaf_extensions(None)?)
            .map_err(StorageFailure::new)?
            .build();
        let mls = MlsGroup::new_with_group_id(
            provider,
            device,
            &configuration,
            MlsGroupId::from_slice(&id.0),
            device.credential(),
        )
        .map_err(|error| match error {
            NewGroupError::GroupAlreadyExists => GroupError::Exists,
            NewGroupError::StorageError(error) => StorageFailure::new(error).into(),
            _ => StorageFailure::library().into(),
        })?;
        let mut group = Self { mls, info };
        if key_packages.is_empty() {
            return Ok(Created { group, welcome: None });
        }
        let welcome = match group.add_without_path(provider, device, key_packages) {
            Ok(pending) => pending.welcome,
            Err(error) => {
                group.delete(provider.storage())?;
                return Err(error);
            }
        };
        group.mls.merge_pending_commit(provider).map_err(StorageFailure::new)?;
        Ok(Created { group, welcome })
    }

    /// The group with this id; `None` if it was never stored.
    pub fn load<S: StorageProvider<STORAGE_VERSION>>(
        storage: &S,
        id: GroupId,
    ) -> Result<Option<Self>, GroupError> {
        let Some(mls) =
            MlsGroup::load(storage, &MlsGroupId::from_slice(&id.0)).map_err(StorageFailure::new)?
        else {
            return Ok(None);
        };
        let info = RoomInfo::from_extensions(mls.extensions())?;
        Ok(Some(Self { mls, info }))
    }

    /// Deletes all state of the group. Signature keys and key packages stay.
    pub fn delete<S: StorageProvider<STORAGE_VERSION>>(mut self, storage: &S) -> Result<(), StorageFailure> {
        self.mls.delete(storage).map_err(StorageFailure::new)
    }

    /// The group's id; `None` for a foreign one that is not 16 bytes long.
    pub fn id(&self) -> Option<GroupId> {
        GroupId::from_slice(self.mls.group_id().as_slice())
    }

    /// The current epoch.
    pub fn epoch(&self) -> u64 {
        self.mls.epoch().as_u64()
    }

    /// Six bytes that name the branch of the group's history that we are on in this epoch. They reveal nothing (a hash of a
    /// value made to be compared, RFC 9420 §8.7), and differ between members who merged different commits.
    pub fn fork_tag(&self) -> [u8; 6] {
        let mut hash = Sha256::new();
        hash.update(b"mls-xmpp fork");
        hash.update(self.mls.epoch_authenticator().as_slice());
        let hash: [u8; 32] = hash.finalize().into();
        let mut tag = [0; 6];
        tag.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
        tag
    }

    /// All members, this device included, in the order of the tree.
    pub fn members(&self) -> Vec<MemberIdentity> {
        validity::members(&self.mls).into_values().collect()
    }

    /// What the group is.
    pub fn info(&self) -> &RoomInfo {
        &self.info
    }

    /// Whether this device is still a member.
    pub fn is_active(&self) -> bool {
        self.mls.is_active()
    }

    /// Whether a commit of ours is pending.
    pub fn has_pending_commit(&self) -> bool {
        self.mls.pending_commit().is_some()
    }

    /// Encrypts a content for the members of the current epoch.
    pub fn encrypt<S: StorageProvider<STORAGE_VERSION>>(
        &mut self,
        provider: &Provider<'_, S>,
        device: &Device,
        content: &Content,
    ) -> Result<Sealed, GroupError> {
        self.check_device(device)?;
        let content = content.encode()?;
        self.mls.set_aad(Class::Application.aad().to_vec());
        // The only failure left is the storage's, whose cause OpenMLS does not pass on.
        let message =
            self.mls.create_message(provider, device, &content).map_err(|_| StorageFailure::library())?;
        let data = message_bytes(&message)?;
        Ok(Sealed { stanza: stanza_id(&data), epoch: self.epoch(), fork_tag: self.fork_tag(), data })
    }

    /// Decrypts an application message of the current epoch.
    ///
    /// A forged or damaged message changes nothing. A message that was decrypted can't be decrypted again.
    pub fn receive<S: StorageProvider<STORAGE_VERSION>>(
        &mut self,
        provider: &Provider<'_, S>,
        data: &[u8],
    ) -> Result<Received, ReceiveError> {
        let Some(MlsMessageBodyIn::PrivateMessage(message)) = parse(data) else {
            return Err(ReceiveError::Malformed);
        };
        if message.content_type() != ContentType::Application || message.aad() != Class::Application.aad() {
            return Err(ReceiveError::Malformed);
        }
        if message.group_id() != self.mls.group_id() {
            return Err(ReceiveError::WrongGroup);
        }
        if !self.is_active() {
            return Err(ReceiveError::NotAMember);
        }
        let epoch = message.epoch().as_u64();
        if epoch < self.epoch() {
            return Err(ReceiveError::PastEpoch(epoch));
        }
        if epoch > self.epoch() {
            return Err(ReceiveError::FutureEpoch(epoch));
        }
        let processed = self.mls.process_message(provider, message).map_err(receive_error)?;
        let sender = processed.sender().clone();
        match processed.into_content() {
            ProcessedMessageContent::OwnPrivateMessage => Ok(Received::Own),
            ProcessedMessageContent::ApplicationMessage(message) => {
                let Sender::Member(sender) = sender else { return Err(ReceiveError::Malformed) };
                let sender = self.member(sender).ok_or(ReceiveError::Undecryptable)?;
                let content = Content::decode(&message.into_bytes()).map_err(ReceiveError::BadContent)?;
                Ok(Received::Application { sender, content })
            }
            _ => Err(ReceiveError::Malformed),
        }
    }

    fn member(&self, index: LeafNodeIndex) -> Option<MemberIdentity> {
        self.mls.public_group().leaf(index).and_then(|leaf| read_binding(leaf).ok())
    }

    pub(crate) fn check_device(&self, device: &Device) -> Result<(), GroupError> {
        if !self.is_active() {
            return Err(GroupError::NotAMember);
        }
        let leaf = self.mls.own_leaf_node().ok_or(GroupError::NotAMember)?;
        if leaf.signature_key().as_slice() == device.signature_key().0 {
            Ok(())
        } else {
            Err(GroupError::WrongDevice)
        }
    }
}

fn receive_error<E: fmt::Display>(error: ProcessMessageError<E>) -> ReceiveError {
    match error {
        ProcessMessageError::StorageError(error) => StorageFailure::new(error).into(),
        ProcessMessageError::LibraryError(_) => StorageFailure::library().into(),
        ProcessMessageError::ValidationError(ValidationError::InvalidSignature) => ReceiveError::BadSignature,
        ProcessMessageError::ValidationError(ValidationError::UnableToDecrypt(
            MessageDecryptionError::SecretTreeError(error),
        )) => match error {
            SecretTreeError::SecretReuseError => ReceiveError::SecretReuse,
            SecretTreeError::TooDistantInThePast => ReceiveError::Overtaken,
            _ => ReceiveError::Undecryptable,
        },
        _ => ReceiveError::Undecryptable,
    }
}
