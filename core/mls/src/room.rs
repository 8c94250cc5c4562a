//! The group context extension `mls_room`: what a group is, bound into its key schedule (RFC 9420 §8.1).
//!
//! Two clients that disagree about the room, the owner or the rules have different keys, so a message can't be replayed into
//! another room, and nobody can be tricked into applying other rules.

use std::fmt;

use ciborium::Value;
use heliograph_model::Address;
use openmls::prelude::{
    CredentialType, Extension, ExtensionType, Extensions, GroupContext, RequiredCapabilitiesExtension,
    UnknownExtension,
};
use serde::{Deserialize, Serialize};

use crate::cbor::{self, Malformed};
use crate::policy;

/// Version of the CBOR structure.
const VERSION: u64 = 1;

/// What kind of conversation a group carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RoomKind {
    /// Two accounts. Nobody else can be added.
    Direct,
    /// Any number of accounts.
    Group,
}

/// The content of the extension.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RoomInfo {
    /// The room whose archive orders the group's commits; `None` for a direct group without one.
    pub room: Option<Address>,
    /// What the group is.
    pub kind: RoomKind,
    /// The account that may remove members.
    pub owner: Address,
    /// Which rules decide about commits; [`policy::POLICY_VERSION`] for new groups.
    pub policy_version: u32,
}

impl fmt::Debug for RoomInfo {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "RoomInfo({:?}, policy {})", self.kind, self.policy_version)
    }
}

/// The group context lacks something that every group of ours has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RoomInfoError {
    /// No `mls_room`, or no required capabilities that name it and the binding.
    #[error("the group does not say what it is")]
    Missing,
    /// `mls_room` does not parse.
    #[error("the group's description is malformed")]
    Malformed,
    /// A rule set that this version does not know.
    #[error("the group follows rules that this version does not know")]
    UnknownPolicy(u32),
}

impl RoomInfo {
    /// Information for a new group under the current rules.
    pub fn new(room: Option<Address>, kind: RoomKind, owner: Address) -> Self {
        Self { room, kind, owner, policy_version: policy::POLICY_VERSION }
    }

    fn encode(&self) -> Vec<u8> {
        cbor::write(&Value::Array(vec![
            VERSION.into(),
            self.room.as_ref().map_or(Value::Null, |room| room.to_string().into()),
            match self.kind {
                RoomKind::Direct => 0.into(),
                RoomKind::Group => 1.into(),
            },
            self.owner.to_string().into(),
            self.policy_version.into(),
        ]))
    }

    fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut fields = cbor::read_array(bytes)?;
        if fields.unsigned()? != VERSION {
            return Err(Malformed);
        }
        let room = match fields.value()? {
            Value::Null => None,
            Value::Text(room) => Some(Address::parse(&room).map_err(|_| Malformed)?),
            _ => return Err(Malformed),
        };
        let kind = match fields.unsigned()? {
            0 => RoomKind::Direct,
            1 => RoomKind::Group,
            _ => return Err(Malformed),
        };
        let owner = Address::parse(&fields.text()?).map_err(|_| Malformed)?;
        let policy_version = u32::try_from(fields.unsigned()?).map_err(|_| Malformed)?;
        Ok(Self { room, kind, owner, policy_version })
    }

    /// The extensions of a new group's context.
    pub(crate) fn to_extensions(&self) -> Result<Extensions<GroupContext>, RoomInfoError> {
        let required = [policy::BINDING_EXTENSION, policy::ROOM_EXTENSION].map(ExtensionType::Unknown);
        Extensions::from_vec(vec![
            Extension::RequiredCapabilities(RequiredCapabilitiesExtension::new(
                &required,
                &[],
                &[CredentialType::Basic],
            )),
            Extension::Unknown(policy::ROOM_EXTENSION, UnknownExtension(self.encode())),
        ])
        .map_err(|_| RoomInfoError::Malformed)
    }

    /// Reads and checks the extensions of a group's context.
    pub(crate) fn from_extensions(extensions: &Extensions<GroupContext>) -> Result<Self, RoomInfoError> {
        let required = extensions.required_capabilities().ok_or(RoomInfoError::Missing)?;
        let names = |number| required.extension_types().contains(&ExtensionType::Unknown(number));
        if !names(policy::BINDING_EXTENSION) || !names(policy::ROOM_EXTENSION) {
            return Err(RoomInfoError::Missing);
        }
        let UnknownExtension(bytes) =
            extensions.unknown(policy::ROOM_EXTENSION).ok_or(RoomInfoError::Missing)?;
        let info = Self::decode(bytes).map_err(|_| RoomInfoError::Malformed)?;
        if info.policy_version != policy::POLICY_VERSION {
            return Err(RoomInfoError::UnknownPolicy(info.policy_version));
        }
        Ok(info)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_says_what_it_is_and_later_versions_may_say_more() {
        let ana = Address::parse("ana@example.org").unwrap();
        let room = Address::parse("x@rooms.example.org").unwrap();
        for info in [
            RoomInfo::new(Some(room), RoomKind::Group, ana.clone()),
            RoomInfo::new(None, RoomKind::Direct, ana),
        ] {
            assert_eq!(RoomInfo::from_extensions(&info.to_extensions().unwrap()), Ok(info.clone()));
            let mut later = Value::Array(vec![]);
            if let Ok(Value::Array(fields)) = cbor::read(&mut info.encode().as_slice()) {
                later = Value::Array([fields, vec![Value::Text("more".into())]].concat());
            }
            assert_eq!(RoomInfo::decode(&cbor::write(&later)), Ok(info));
        }
    }

    #[test]
    fn unknown_rules_are_refused() {
        let info = RoomInfo {
            policy_version: 2,
            ..RoomInfo::new(None, RoomKind::Direct, Address::parse("ana@example.org").unwrap())
        };
        assert_eq!(
            RoomInfo::from_extensions(&info.to_extensions().unwrap()),
            Err(RoomInfoError::UnknownPolicy(2))
        );
        assert_eq!(RoomInfo::from_extensions(&Extensions::empty()), Err(RoomInfoError::Missing));
    }
}
