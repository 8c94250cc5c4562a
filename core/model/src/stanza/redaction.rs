//! How the values of the wire print themselves: kinds, sizes and ids that a server or a client made up, and nothing of what
//! people are called or say. A suite holds the log to that (`tests/suites/tests/log.rs`).

use std::fmt;

use super::{
    Inbound, InboundContent, InboundMessage, MlsEnvelope, Outbound, OutboundContent, Request, Response,
    StreamIdentity,
};

impl fmt::Debug for Outbound {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Available => formatter.write_str("Available"),
            Self::JoinRoom { .. } => formatter.write_str("JoinRoom"),
            Self::LeaveRoom { .. } => formatter.write_str("LeaveRoom"),
            Self::Message(message) => message.fmt(formatter),
            Self::Request { id, request } => write!(formatter, "Request({id:?}, {request:?})"),
        }
    }
}

impl fmt::Debug for OutboundContent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain { text } => write!(formatter, "Plain({} bytes)", text.len()),
            Self::Mls(envelope) => envelope.fmt(formatter),
            Self::Receipt { .. } => formatter.write_str("Receipt"),
        }
    }
}

impl fmt::Debug for MlsEnvelope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Mls({:?}, epoch {}, {} bytes)", self.kind, self.epoch, self.data.len())
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::EnableCarbons => "EnableCarbons",
            Self::Features { .. } => "Features",
            Self::Services { .. } => "Services",
            Self::ArchivePage { .. } => "ArchivePage",
            Self::Publish { .. } => "Publish",
            Self::FetchItems { .. } => "FetchItems",
            Self::ConfigureGroupRoom { .. } => "ConfigureGroupRoom",
            Self::AcceptRoomDefaults { .. } => "AcceptRoomDefaults",
            Self::SetAffiliation { .. } => "SetAffiliation",
            Self::Ping { .. } => "Ping",
            Self::EnablePush(_) => "EnablePush",
            Self::DisablePush { .. } => "DisablePush",
        })
    }
}

impl fmt::Debug for Inbound {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message(message) => message.fmt(formatter),
            Self::Response { id, response } => write!(formatter, "Response({id:?}, {response:?})"),
            Self::RoomJoined { created, .. } => write!(formatter, "RoomJoined(created: {created})"),
            Self::RoomRefused { error, .. } => write!(formatter, "RoomRefused({error:?})"),
            Self::RoomLost { .. } => formatter.write_str("RoomLost"),
            Self::RoomLeft { destroyed, .. } => write!(formatter, "RoomLeft(destroyed: {destroyed})"),
            Self::DevicesChanged { .. } => formatter.write_str("DevicesChanged"),
        }
    }
}

impl fmt::Debug for InboundMessage {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("InboundMessage")
            .field("kind", &self.kind)
            .field("id", &self.id)
            .field("archive_id", &self.archive_id)
            .field("sent_at", &self.sent_at)
            .field("content", &self.content)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for InboundContent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain { text, .. } => write!(formatter, "Plain({} bytes)", text.len()),
            Self::Mls(envelope) => envelope.fmt(formatter),
            Self::Receipt { .. } => formatter.write_str("Receipt"),
            Self::Error(error) => write!(formatter, "Error({:?})", error.condition),
            Self::Unusable { reason } => write!(formatter, "Unusable({reason:?})"),
        }
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => formatter.write_str("Done"),
            Self::Features(_) => formatter.write_str("Features"),
            Self::Items(items) => write!(formatter, "Items({})", items.len()),
            Self::ArchivePage(page) => {
                write!(formatter, "ArchivePage({}, complete: {})", page.messages.len(), page.complete)
            }
            Self::NodeItems(items) => write!(formatter, "NodeItems({})", items.len()),
            Self::Error(error) => write!(formatter, "Error({:?})", error.condition),
        }
    }
}

impl fmt::Debug for StreamIdentity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("StreamIdentity")
    }
}
