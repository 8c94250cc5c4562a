//! From a wish to its fulfilment: making a group, opening a direct chat, inviting, removing.
//!
//! [`Step::drive`] looks at a conversation's first wish and takes the next step that can be taken now; it may be called at any
//! time and does nothing while an answer is awaited. What the steps have found out lives in [`Setup`] and dies with the
//! session; the wish stays.

use std::collections::BTreeMap;

use heliograph_mls::{DeviceList, Group, KeyPackage, Provider, RoomInfo, RoomKind};
use heliograph_model::stanza::{
    Affiliation, Node, Outbound, Request, Response, StanzaError, StanzaErrorCondition,
};
use heliograph_model::{Address, ConversationId, ConversationKind, ErrorCode, GroupId, Security};
use heliograph_store::conversation::{self, Conversation, ConversationState};
use heliograph_store::group::{self, GroupRow, GroupState};
use heliograph_store::peer::Pin;
use heliograph_store::{intent, outbox, peer};

use crate::error::EngineError;
use crate::live::{Purpose, Setup, Stage};
use crate::step::Step;
use crate::wish::{OutboxItem, Wish, decode, encode};

/// Item of [`Node::Devices`] that holds the device list (mls-over-xmpp §6).
const DEVICES_ITEM: &str = "current";

/// Features that make a room fit to order a group (mls-over-xmpp §7).
const ROOM_ARCHIVE: &str = "urn:xmpp:mam:2";

impl Step<'_> {
    /// Goes on with every conversation's wishes.
    pub(crate) fn drive_all(&mut self) -> Result<(), EngineError> {
        let mut conversations: Vec<ConversationId> =
            intent::all(self.tx)?.into_iter().map(|wish| wish.conversation).collect();
        conversations.sort();
        conversations.dedup();
        conversations.into_iter().try_for_each(|conversation| self.drive(conversation))
    }

    /// See the module.
    pub(crate) fn drive(&mut self, id: ConversationId) -> Result<(), EngineError> {
        if !self.online() {
            return Ok(());
        }
        let Some(conversation) = conversation::get(self.tx, id)? else { return Ok(()) };
        if let Some(group) = conversation.group {
            self.send_pending(&conversation, &group)?;
        }
        let Some((row, wish)) = self.first_wish(id)? else { return Ok(()) };
        let stage = self.live.session.setups.get(&id).map_or(Stage::Begin, |setup| setup.stage);
        match (&wish, stage) {
            (Wish::Direct, Stage::Begin) => {
                self.fetch_keys(&conversation, std::slice::from_ref(&conversation.address))
            }
            (Wish::CreateGroup { .. }, Stage::Begin) => self.make_room(&conversation),
            (Wish::Add { members }, Stage::Begin) if self.may_commit(&conversation)? => {
                let present = heliograph_store::member::members(self.tx, id)?;
                let missing: Vec<Address> =
                    members.iter().filter(|account| !present.contains(account)).cloned().collect();
                if missing.is_empty() {
                    intent::remove(self.tx, row.id)?;
                    return self.drive(id);
                }
                if self.try_again(&conversation, &row)? {
                    self.fetch_keys(&conversation, &missing)
                } else {
                    Ok(())
                }
            }
            (Wish::Remove { .. }, Stage::Begin) if self.may_commit(&conversation)? => {
                match self.change_for(&conversation, &wish)? {
                    None => {
                        intent::remove(self.tx, row.id)?;
                        self.drive(id)
                    }
                    Some(change) => {
                        if !self.try_again(&conversation, &row)? {
                            return Ok(());
                        }
                        self.set_stage(id, Stage::Ordered);
                        self.commit(&conversation, change)
                    }
                }
            }
            _ => Ok(()),
        }
    }

    /// The wish to work on; standing wishes ([`Wish::StayInRoom`]) are not worked on.
    fn first_wish(&self, id: ConversationId) -> Result<Option<(intent::Intent, Wish)>, EngineError> {
        for row in intent::list(self.tx, id)? {
            let wish: Wish = decode(&row.item)?;
            if !matches!(wish, Wish::StayInRoom { .. }) {
                return Ok(Some((row, wish)));
            }
        }
        Ok(None)
    }

    /// A commit may be made: the room is read to its end and none of ours is pending.
    fn may_commit(&self, conversation: &Conversation) -> Result<bool, EngineError> {
        let Some(id) = conversation.group else { return Ok(false) };
        let pending = group::get(self.tx, &id)?.is_none_or(|row| row.pending.is_some());
        Ok(!pending
            && self.room_ready(&conversation.address)
            && conversation.state == ConversationState::Active)
    }

    fn setup(&mut self, id: ConversationId) -> &mut Setup {
        self.live.session.setups.entry(id).or_default()
    }

    fn set_stage(&mut self, id: ConversationId, stage: Stage) {
        self.setup(id).stage = stage;
    }

    // --- a room for a new group -------------------------------------------------------------------------------------

    fn make_room(&mut self, conversation: &Conversation) -> Result<(), EngineError> {
        if !self.facts.known {
            return Ok(()); // called again when the server's services are known
        }
        let Some(service) = self.facts.room_service.clone() else {
            return self.refuse_wish(conversation, ErrorCode::RoomsUnavailable);
        };
        let room = if conversation.address.domain() == service.domain() {
            conversation.address.clone()
        } else {
            // The group was made while the server's room service was not known yet.
            let room = self.new_room_address(&service)?;
            conversation::set_address(self.tx, conversation.id, &room)?;
            room
        };
        self.set_stage(conversation.id, Stage::Joining);
        let nick = self.account.device.to_string();
        self.live.session.rooms.entry(room.clone()).or_default().nick.clone_from(&nick);
        self.send(Outbound::JoinRoom { room, nick });
        Ok(())
    }

    /// A room that nobody can guess (mls-over-xmpp §7).
    pub(crate) fn new_room_address(&mut self, service: &Address) -> Result<Address, EngineError> {
        let text = format!("x{}@{}", self.random.name(16), service.domain());
        Address::parse(&text).map_err(|_| EngineError::Codec)
    }

    pub(crate) fn setup_room_joined(&mut self, conversation: &Conversation) {
        if self.live.session.setups.get(&conversation.id).map(|setup| setup.stage) != Some(Stage::Joining) {
            return;
        }
        self.set_stage(conversation.id, Stage::Configuring);
        let request = Request::ConfigureGroupRoom { room: conversation.address.clone() };
        self.request(request, Purpose::RoomConfigured(conversation.id));
    }

    pub(crate) fn room_configured(
        &mut self,
        id: ConversationId,
        response: &Response,
    ) -> Result<(), EngineError> {
        let Some(conversation) = conversation::get(self.tx, id)? else { return Ok(()) };
        if let Response::Error(error) = response {
            return self.step_refused(&conversation, error, ErrorCode::RoomsUnavailable);
        }
        self.set_stage(id, Stage::Checking);
        self.request(Request::Features { of: conversation.address }, Purpose::RoomFeatures(id));
        Ok(())
    }

    pub(crate) fn room_checked(
        &mut self,
        id: ConversationId,
        response: &Response,
    ) -> Result<(), EngineError> {
        let Some(conversation) = conversation::get(self.tx, id)? else { return Ok(()) };
        match response {
            Response::Features(features) if features.has(ROOM_ARCHIVE) => {
                let Some((_, Wish::CreateGroup { members })) = self.first_wish(id)? else { return Ok(()) };
                self.fetch_keys(&conversation, &members)
            }
            Response::Error(error) => self.step_refused(&conversation, error, ErrorCode::RoomsUnavailable),
            _ => self.refuse_wish(&conversation, ErrorCode::ArchiveUnavailable),
        }
    }

    // --- everybody's keys -------------------------------------------------------------------------------------------

    fn fetch_keys(&mut self, conversation: &Conversation, accounts: &[Address]) -> Result<(), EngineError> {
        let setup = self.setup(conversation.id);
        setup.stage = Stage::Keys;
        setup.waiting = accounts.iter().cloned().collect();
        setup.packages = BTreeMap::new();
        for account in accounts {
            let request = Request::FetchItems {
                account: account.clone(),
                node: Node::Devices,
                items: vec![DEVICES_ITEM.to_owned()],
            };
            let purpose = Purpose::Devices { conversation: conversation.id, account: account.clone() };
            self.request(request, purpose);
        }
        if accounts.is_empty() { self.keys_complete(conversation) } else { Ok(()) }
    }

    pub(crate) fn devices_response(
        &mut self,
        id: ConversationId,
        account: Address,
        response: Response,
    ) -> Result<(), EngineError> {
        let Some(conversation) = conversation::get(self.tx, id)? else { return Ok(()) };
        let data = match response {
            Response::NodeItems(items) => {
                items.into_iter().find(|(item, _)| item == DEVICES_ITEM).map(|(_, data)| data)
            }
            Response::Error(error) if error.wait || error.condition == StanzaErrorCondition::RemoteServer => {
                // The contact's server can't be asked just now; the next session tries again.
                self.live.session.setups.remove(&id);
                return Ok(());
            }
            _ => None,
        };
        let Some(data) = data else { return self.no_keys(&conversation) };
        let Ok(list) = DeviceList::decode(&data, &account) else {
            return self.refuse_wish(&conversation, ErrorCode::UnverifiedDevice);
        };
        if peer::pin_identity(self.tx, &account, &list.identity_key.0)? == Pin::Changed {
            return self.refuse_wish(&conversation, ErrorCode::UnverifiedDevice);
        }
        let items: Vec<String> = list
            .devices
            .iter()
            .filter_map(|device| {
                let slot = self.random.number(u32::try_from(device.slots.len()).unwrap_or(1)) as usize;
                device.slots.get(slot).map(|slot| item_name(device.id, *slot))
            })
            .collect();
        if items.is_empty() {
            return self.no_keys(&conversation);
        }
        self.request(
            Request::FetchItems { account: account.clone(), node: Node::KeyPackages, items },
            Purpose::KeyPackages { conversation: id, account },
        );
        Ok(())
    }

    pub(crate) fn key_packages_response(
        &mut self,
        id: ConversationId,
        account: &Address,
        response: Response,
    ) -> Result<(), EngineError> {
        let Some(conversation) = conversation::get(self.tx, id)? else { return Ok(()) };
        let Response::NodeItems(items) = response else { return self.no_keys(&conversation) };
        let pinned = peer::get(self.tx, account)?.and_then(|peer| peer.identity);
        let mut usable = Vec::new();
        for (_, data) in items {
            match KeyPackage::parse(&data, self.now) {
                Ok(package)
                    if package.identity().account == *account
                        && Some(package.identity().identity_key.0) == pinned =>
                {
                    usable.push(data);
                }
                Ok(_) => return self.refuse_wish(&conversation, ErrorCode::UnverifiedDevice),
                Err(error) => tracing::warn!(%error, "a key package can't be used"),
            }
        }
        if usable.is_empty() {
            return self.no_keys(&conversation);
        }
        let setup = self.setup(id);
        if setup.stage != Stage::Keys || !setup.waiting.remove(account) {
            return Ok(());
        }
        setup.packages.insert(account.clone(), usable);
        if setup.waiting.is_empty() { self.keys_complete(&conversation) } else { Ok(()) }
    }

    /// The contact can't be encrypted for. A direct chat goes on in plain, and says so; a group does not.
    fn no_keys(&mut self, conversation: &Conversation) -> Result<(), EngineError> {
        if conversation.kind != ConversationKind::Direct {
            return self.refuse_wish(conversation, ErrorCode::NoKeysForContact);
        }
        self.fulfilled(conversation)?;
        if conversation.security == Security::Plain {
            conversation::set_state(self.tx, conversation.id, ConversationState::Active, None)?;
        }
        self.pump(conversation.id)
    }

    fn keys_complete(&mut self, conversation: &Conversation) -> Result<(), EngineError> {
        match conversation.kind {
            ConversationKind::Direct => self.create_direct(conversation),
            _ => self.give_places(conversation),
        }
    }

    // --- places in the room, then the group -------------------------------------------------------------------------

    fn give_places(&mut self, conversation: &Conversation) -> Result<(), EngineError> {
        let setup = self.setup(conversation.id);
        setup.stage = Stage::Affiliations;
        let accounts: Vec<Address> = setup.packages.keys().cloned().collect();
        setup.waiting = accounts.iter().cloned().collect();
        for account in &accounts {
            let request = Request::SetAffiliation {
                room: conversation.address.clone(),
                account: account.clone(),
                affiliation: Affiliation::Member,
            };
            let purpose = Purpose::Affiliation { conversation: conversation.id, account: account.clone() };
            self.request(request, purpose);
        }
        if accounts.is_empty() { self.places_given(conversation) } else { Ok(()) }
    }

    pub(crate) fn affiliation_response(
        &mut self,
        id: ConversationId,
        account: &Address,
        response: &Response,
    ) -> Result<(), EngineError> {
        let Some(conversation) = conversation::get(self.tx, id)? else { return Ok(()) };
        if let Response::Error(error) = response {
            return self.step_refused(&conversation, error, ErrorCode::Forbidden);
        }
        let setup = self.setup(id);
        if setup.stage != Stage::Affiliations || !setup.waiting.remove(account) {
            return Ok(());
        }
        if setup.waiting.is_empty() { self.places_given(&conversation) } else { Ok(()) }
    }

    fn places_given(&mut self, conversation: &Conversation) -> Result<(), EngineError> {
        if conversation.group.is_none() {
            return self.create_group(conversation);
        }
        // Somebody else's commit may be under way or merged meanwhile.
        if !self.may_commit(conversation)? {
            self.live.session.setups.remove(&conversation.id);
            return Ok(());
        }
        let Some((_, wish)) = self.first_wish(conversation.id)? else { return Ok(()) };
        self.set_stage(conversation.id, Stage::Ordered);
        match self.change_for(conversation, &wish)? {
            Some(change) => self.commit(conversation, change),
            None => self.fulfilled(conversation),
        }
    }

    /// The group exists from here on. Nobody else is in it yet, so its first commit needs no order and is merged at once.
    fn create_group(&mut self, conversation: &Conversation) -> Result<(), EngineError> {
        let info =
            RoomInfo::new(Some(conversation.address.clone()), RoomKind::Group, self.account.address.clone());
        self.create(conversation, info)?;
        if let Some(name) = &conversation.name {
            let item = encode(&OutboxItem::GroupName { name: name.clone() })?;
            outbox::append(self.tx, conversation.id, None, &item, self.now)?;
        }
        let Some(conversation) = conversation::get(self.tx, conversation.id)? else { return Ok(()) };
        self.enter_room_of(&conversation)
    }

    fn create_direct(&mut self, conversation: &Conversation) -> Result<(), EngineError> {
        if conversation.group.is_some() {
            return self.fulfilled(conversation); // the contact's Welcome was faster
        }
        self.create(conversation, RoomInfo::new(None, RoomKind::Direct, self.account.address.clone()))?;
        conversation::set_security(self.tx, conversation.id, Security::Encrypted)?;
        self.pump(conversation.id)
    }

    fn create(&mut self, conversation: &Conversation, info: RoomInfo) -> Result<(), EngineError> {
        let mut packages = Vec::new();
        for data in self.setup(conversation.id).packages.clone().into_values().flatten() {
            packages.push(KeyPackage::parse(&data, self.now).map_err(EngineError::mls)?);
        }
        let id = GroupId(self.random.bytes());
        let room = info.room.clone();
        let device = self.device()?;
        let entropy = self.random.entropy();
        let provider = Provider::new(&entropy, &self.storage);
        let created = Group::create(&provider, &device, id, info, &packages).map_err(EngineError::mls)?;
        let epoch = created.group.epoch();
        self.groups.insert(id, created.group);
        group::insert(
            self.tx,
            &GroupRow {
                id,
                conversation: conversation.id,
                room,
                epoch,
                joined_epoch: epoch,
                state: GroupState::Active,
                pending: None,
            },
        )?;
        conversation::set_group(self.tx, conversation.id, Some(id))?;
        conversation::set_state(self.tx, conversation.id, ConversationState::Active, None)?;
        self.refresh_members(conversation, &id)?;
        if let Some((accounts, data)) = created.welcome {
            self.queue_welcomes(conversation, &accounts, &data, epoch, None)?;
        }
        self.fulfilled(conversation)
    }

    // --- the end of a wish ------------------------------------------------------------------------------------------

    fn fulfilled(&mut self, conversation: &Conversation) -> Result<(), EngineError> {
        self.live.session.setups.remove(&conversation.id);
        if let Some((row, _)) = self.first_wish(conversation.id)? {
            intent::remove(self.tx, row.id)?;
        }
        Ok(())
    }

    /// A step was refused: for now (the wish stays for the next session) or for good.
    fn step_refused(
        &mut self,
        conversation: &Conversation,
        error: &StanzaError,
        code: ErrorCode,
    ) -> Result<(), EngineError> {
        if error.wait || error.condition == StanzaErrorCondition::RemoteServer {
            self.live.session.setups.remove(&conversation.id);
            return Ok(());
        }
        self.refuse_wish(conversation, code)
    }

    /// The wish can't be fulfilled: it is dropped and the reason noted where the app sees it.
    pub(crate) fn refuse_wish(
        &mut self,
        conversation: &Conversation,
        code: ErrorCode,
    ) -> Result<(), EngineError> {
        self.fulfilled(conversation)?;
        let state = match conversation.state {
            ConversationState::Preparing => ConversationState::Failed,
            other => other,
        };
        conversation::set_state(self.tx, conversation.id, state, Some(code))?;
        if state == ConversationState::Failed {
            self.fail_outbox(conversation.id, code)?;
        }
        self.drive(conversation.id)
    }
}

/// The item id of a key package (mls-over-xmpp §6).
pub(crate) fn item_name(device: heliograph_model::DeviceId, slot: u8) -> String {
    format!("{device}.{slot}")
}
