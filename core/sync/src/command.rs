//! What the app asks for: checked here, made durable here, worked on elsewhere.

use heliograph_model::stanza::{Features, Request, Response, limits};
use heliograph_model::{
    Address, ConversationId, ConversationKind, DeliveryState, Error, ErrorCode, MessageId, Security,
};
use heliograph_store::conversation::{self, Conversation, ConversationState, NewConversation};
use heliograph_store::message::{self, Inserted, NewMessage, Place, Sender};
use heliograph_store::{account, intent, member, outbox};

use crate::error::EngineError;
use crate::input::{Command, Reply};
use crate::live::{Asked, Purpose};
use crate::policy::{GROUP_MEMBERS_MAX, NAME_BYTES};
use crate::push;
use crate::step::Step;
use crate::wish::{OutboxItem, Wish, encode};

pub(crate) type Answer = Result<Reply, Error>;

impl Step<'_> {
    pub(crate) fn command(&mut self, command: Command) -> Result<Answer, EngineError> {
        match command {
            Command::StartChat { contact } => self.start_chat(&contact),
            Command::CreateGroup { name, members } => self.create_group_command(&name, members),
            Command::Invite { conversation, members } => {
                self.change_members(conversation, members, |members| Wish::Add { members })
            }
            Command::Remove { conversation, members } => {
                self.change_members(conversation, members, |members| Wish::Remove { members })
            }
            Command::JoinRoom { room, nick } => self.join_room(&room, nick),
            Command::Send { conversation, text } => {
                let sent = self.send_text(conversation, text)?;
                if sent.is_ok() {
                    conversation::set_draft(self.tx, conversation, "")?;
                }
                Ok(sent)
            }
            Command::Answer { conversation, row, text } => {
                let sent = self.send_text(conversation, text)?;
                if sent.is_ok() {
                    self.mark_read(conversation, row)?;
                }
                Ok(sent)
            }
            Command::SetDraft { conversation, text } => self.set_draft(conversation, &text),
            Command::Explain { row } => self.explain(row),
            Command::SendAgain { row } => self.send_again(row),
            Command::Discard { row } => self.discard(row),
            Command::LoadOlder { conversation, wanted } => self.load_older(conversation, wanted),
            Command::MarkRead { conversation, row } => {
                self.mark_read(conversation, row)?;
                Ok(Ok(Reply::Done))
            }
            Command::ChangeSettings(settings) => self.change_settings(settings),
            Command::EnablePush(target) => self.enable_push(&target),
            Command::DisablePush => self.disable_push(),
        }
    }

    fn start_chat(&mut self, contact: &Address) -> Result<Answer, EngineError> {
        if contact.local().is_none() || *contact == self.account.address {
            return Ok(refuse(ErrorCode::InvalidArgument, "a chat needs the address of another account"));
        }
        if let Some(existing) = conversation::by_address(self.tx, contact)? {
            self.look_for_keys(&existing)?;
            return Ok(Ok(Reply::Conversation(existing.id)));
        }
        let id = conversation::insert(
            self.tx,
            &NewConversation {
                kind: ConversationKind::Direct,
                address: contact.clone(),
                name: None,
                security: Security::Plain,
                state: ConversationState::Preparing,
                created_at: self.now,
            },
        )?;
        intent::append(self.tx, id, &encode(&Wish::Direct)?, self.now)?;
        self.drive(id)?;
        Ok(Ok(Reply::Conversation(id)))
    }

    fn create_group_command(&mut self, name: &str, members: Vec<Address>) -> Result<Answer, EngineError> {
        let name = name.trim();
        if name.is_empty() || name.len() > NAME_BYTES || !is_writable(name) {
            return Ok(refuse(ErrorCode::InvalidArgument, "a group's name has 1 to 256 bytes"));
        }
        let members = match self.checked_members(members) {
            Ok(members) => members,
            Err(error) => return Ok(Err(error)),
        };
        if self.facts.known && self.facts.room_service.is_none() {
            return Ok(refuse(ErrorCode::RoomsUnavailable, "the server offers no room service"));
        }
        // Until the room service is known the group has a place holder that no server can have (RFC 2606 §2).
        let service = match &self.facts.room_service {
            Some(service) => service.clone(),
            None => Address::parse("rooms.invalid").map_err(|_| EngineError::Codec)?,
        };
        let address = self.new_room_address(&service)?;
        let id = conversation::insert(
            self.tx,
            &NewConversation {
                kind: ConversationKind::Group,
                address,
                name: Some(name.to_owned()),
                security: Security::Encrypted,
                state: ConversationState::Preparing,
                created_at: self.now,
            },
        )?;
        let mut shown = members.clone();
        shown.push(self.account.address.clone());
        member::set_members(self.tx, id, &shown)?;
        conversation::set_owned(self.tx, id, true)?;
        intent::append(self.tx, id, &encode(&Wish::CreateGroup { members })?, self.now)?;
        self.drive(id)?;
        Ok(Ok(Reply::Conversation(id)))
    }

    fn change_members(
        &mut self,
        id: ConversationId,
        members: Vec<Address>,
        wish: impl FnOnce(Vec<Address>) -> Wish,
    ) -> Result<Answer, EngineError> {
        let conversation = match self.usable(id)? {
            Ok(conversation) if conversation.kind == ConversationKind::Group => conversation,
            Ok(_) => return Ok(refuse(ErrorCode::InvalidArgument, "only encrypted groups have members")),
            Err(error) => return Ok(Err(error)),
        };
        let members = match self.checked_members(members) {
            Ok(members) => members,
            Err(error) => return Ok(Err(error)),
        };
        let wish = wish(members);
        let ours = self.account.address.clone();
        if let (Wish::Remove { .. }, Some(group)) = (&wish, conversation.group)
            && let Some(group) = self.group(&group)?
            && group.info().owner != ours
        {
            return Ok(refuse(ErrorCode::Forbidden, "only the owner of a group may remove others"));
        }
        // What went wrong before is no longer news.
        conversation::set_state(self.tx, id, conversation.state, None)?;
        intent::append(self.tx, id, &encode(&wish)?, self.now)?;
        self.drive(id)?;
        Ok(Ok(Reply::Done))
    }

    fn checked_members(&self, mut members: Vec<Address>) -> Result<Vec<Address>, Error> {
        members.sort();
        members.dedup();
        members.retain(|member| *member != self.account.address);
        if members.iter().any(|member| member.local().is_none()) {
            return Err(Error::new(ErrorCode::InvalidArgument, "a member is an account, not a server"));
        }
        if members.is_empty() || members.len() > GROUP_MEMBERS_MAX {
            return Err(Error::new(ErrorCode::InvalidArgument, "1 to 500 other members are needed"));
        }
        Ok(members)
    }

    fn join_room(&mut self, room: &Address, nick: String) -> Result<Answer, EngineError> {
        if room.local().is_none() || nick.trim().is_empty() || nick.len() > NAME_BYTES || !is_writable(&nick)
        {
            return Ok(refuse(
                ErrorCode::InvalidArgument,
                "a room's address and a name of 1 to 256 bytes are needed",
            ));
        }
        let existing = conversation::by_address(self.tx, room)?;
        if existing.as_ref().is_some_and(|existing| existing.kind != ConversationKind::Room) {
            return Ok(refuse(ErrorCode::InvalidArgument, "this address is no ordinary room"));
        }
        let id = match existing {
            Some(existing) => {
                for row in intent::list(self.tx, existing.id)? {
                    intent::remove(self.tx, row.id)?;
                }
                conversation::set_state(self.tx, existing.id, ConversationState::Active, None)?;
                existing.id
            }
            None => conversation::insert(
                self.tx,
                &NewConversation {
                    kind: ConversationKind::Room,
                    address: room.clone(),
                    name: None,
                    security: Security::Plain,
                    state: ConversationState::Active,
                    created_at: self.now,
                },
            )?,
        };
        intent::append(self.tx, id, &encode(&Wish::StayInRoom { nick })?, self.now)?;
        if let Some(conversation) = conversation::get(self.tx, id)? {
            self.enter_room_of(&conversation)?;
        }
        Ok(Ok(Reply::Conversation(id)))
    }

    fn send_text(&mut self, id: ConversationId, text: String) -> Result<Answer, EngineError> {
        if text.is_empty() || text.len() > limits::TEXT_BYTES || !is_writable(&text) {
            return Ok(refuse(
                ErrorCode::InvalidArgument,
                "a text has 1 to 65536 bytes and no control characters but tabs and line ends",
            ));
        }
        let conversation = match self.usable(id)? {
            Ok(conversation) => conversation,
            Err(error) => return Ok(Err(error)),
        };
        let message_id = MessageId::new(self.random.name(20));
        let sender = match conversation.kind {
            ConversationKind::Room => self.room_sender(&conversation),
            _ => Sender::Account(self.account.address.clone()),
        };
        let inserted = message::insert(
            self.tx,
            &NewMessage {
                conversation: id,
                id: message_id.clone(),
                stanza: None,
                archive: None,
                sender,
                outgoing: true,
                security: conversation.security,
                text: text.clone(),
                sent_at: self.now,
                received_at: self.now,
                state: DeliveryState::Queued,
                receipt_due: false,
                markable: false,
                // In rooms the archive decides the place; in a chat the order of sending is as good as any.
                place: match conversation.kind {
                    ConversationKind::Direct => Place::Next,
                    ConversationKind::Group | ConversationKind::Room => Place::Unknown,
                },
                sequence: Some(message::next_sequence(self.tx, self.account.device, self.now)?),
            },
        )?;
        let (Inserted::New(row) | Inserted::Duplicate(row)) = inserted;
        let item = encode(&OutboxItem::Text { id: message_id, text })?;
        outbox::append(self.tx, id, Some(row), &item, self.now)?;
        self.pump(id)?;
        self.look_for_keys(&conversation)?;
        Ok(Ok(Reply::Message(row)))
    }

    /// A chat that is plain need not stay so: whoever had no keys when it began may have some by now. Asked once in a session, and
    /// nothing waits for the answer.
    fn look_for_keys(&mut self, conversation: &Conversation) -> Result<(), EngineError> {
        let id = conversation.id;
        let plain = conversation.kind == ConversationKind::Direct
            && conversation.security == Security::Plain
            && conversation.state == ConversationState::Active;
        if plain
            && self.online()
            && self.live.session.keys_asked.insert(id)
            && intent::list(self.tx, id)?.is_empty()
        {
            intent::append(self.tx, id, &encode(&Wish::Direct)?, self.now)?;
            self.drive(id)?;
        }
        Ok(())
    }

    fn room_sender(&self, conversation: &Conversation) -> Sender {
        match self.live.session.rooms.get(&conversation.address) {
            Some(room) => Sender::Occupant(room.nick.clone()),
            None => Sender::Account(self.account.address.clone()),
        }
    }

    pub(crate) fn usable(&self, id: ConversationId) -> Result<Result<Conversation, Error>, EngineError> {
        let Some(conversation) = conversation::get(self.tx, id)? else {
            return Ok(Err(Error::new(ErrorCode::NotFound, "there is no such conversation")));
        };
        Ok(match conversation.state {
            ConversationState::Preparing | ConversationState::Active => Ok(conversation),
            ConversationState::Left => {
                Err(Error::new(ErrorCode::Forbidden, "we are no longer in this conversation"))
            }
            ConversationState::Failed => {
                let code = conversation.failure.unwrap_or(ErrorCode::Internal);
                Err(Error::new(code, "this conversation could not be set up"))
            }
        })
    }

    /// An answer to one of our requests.
    pub(crate) fn response(&mut self, purpose: Purpose, response: Response) -> Result<(), EngineError> {
        match purpose {
            Purpose::Nothing | Purpose::SignOfLife => Ok(()),
            Purpose::Push(id) => self.push_answered(id, &response),
            Purpose::AccountFeatures => self.account_features(&response),
            Purpose::Services => self.services(response),
            Purpose::ServiceFeatures(service) => self.service_features(service, &response),
            Purpose::Archive { archive, after, newest } => {
                self.archive_response(archive, after, newest, response)
            }
            Purpose::Older(asked) => self.older_response(&asked, response),
            Purpose::PublishDevices => self.published_devices(&response),
            Purpose::PublishKeyPackage(slot) => self.published_key_package(slot, &response),
            Purpose::Devices { conversation, account } => {
                self.devices_response(conversation, account, response)
            }
            Purpose::KeyPackages { conversation, account } => {
                self.key_packages_response(conversation, &account, response)
            }
            Purpose::RoomConfigured(conversation) => self.room_configured(conversation, &response),
            Purpose::RoomFeatures(conversation) => self.room_checked(conversation, &response),
            Purpose::Affiliation { conversation, account } => {
                self.affiliation_response(conversation, &account, &response)
            }
        }
    }

    fn account_features(&mut self, response: &Response) -> Result<(), EngineError> {
        if let Response::Features(features) = response {
            self.facts.archive = features.has("urn:xmpp:mam:2");
            self.facts.pep = features.identities.iter().any(|identity| identity == "pubsub/pep");
            self.facts.push = Some(features.has(push::FEATURE));
            account::set_facts(self.tx, &self.facts)?;
        }
        match response {
            Response::Error(error) if error.wait => Ok(()),
            Response::Features(_) => self.push_discovered(self.facts.push),
            _ => self.push_discovered(None),
        }
    }

    fn services(&mut self, response: Response) -> Result<(), EngineError> {
        let services = match response {
            Response::Items(services) => services,
            _ => Vec::new(),
        };
        let mut asked = false;
        for service in services {
            asked = true;
            self.request(Request::Features { of: service.clone() }, Purpose::ServiceFeatures(service));
        }
        if asked { Ok(()) } else { self.services_known() }
    }

    fn service_features(&mut self, service: Address, response: &Response) -> Result<(), EngineError> {
        if let Response::Features(features) = response
            && self.facts.room_service.is_none()
            && is_room_service(features)
        {
            self.facts.room_service = Some(service);
        }
        if self.facts.known {
            return Ok(());
        }
        // One service that never answers must not keep us asking in every session.
        let waiting = |asked: &Asked| matches!(asked.purpose, Purpose::ServiceFeatures(_));
        let found = self.facts.room_service.is_some();
        if !found && self.live.session.requests.values().any(waiting) {
            return Ok(account::set_facts(self.tx, &self.facts)?);
        }
        self.services_known()
    }

    fn services_known(&mut self) -> Result<(), EngineError> {
        self.facts.known = true;
        account::set_facts(self.tx, &self.facts)?;
        self.drive_all()
    }
}

/// A text conference service (XEP-0045 §6.2), and no gateway to another network.
fn is_room_service(features: &Features) -> bool {
    features.has("http://jabber.org/protocol/muc")
        && features.identities.iter().any(|identity| identity == "conference/text")
        && !features.identities.iter().any(|identity| identity.starts_with("gateway/"))
}

/// Whether XML 1.0 §2.2 can carry every character: in a plain chat anything else would cost us the connection.
fn is_writable(text: &str) -> bool {
    text.chars().all(|character| {
        matches!(character, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..) && character != '\u{7F}'
    })
}

pub(crate) fn refuse(code: ErrorCode, detail: &str) -> Answer {
    Err(Error::new(code, detail))
}
