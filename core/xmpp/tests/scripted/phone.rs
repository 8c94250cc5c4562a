//! The side under test: one session, and what it says.

use heliograph_model::stanza::{
    Granted, Inbound, InboundContent, MessageKind, Outbound, OutboundContent, OutboundMessage, SessionEvent,
};
use heliograph_model::{Address, Error, ErrorCode, StanzaId};
use heliograph_xmpp::session::{
    ResumeState, ServerMemory, Session, SessionConfig, SessionHandle, SessionOutput,
};
use tokio::sync::mpsc::Receiver;

use super::patiently;

pub struct Phone {
    pub handle: SessionHandle,
    pub outputs: Receiver<SessionOutput>,
    /// What it was told to remember last.
    pub memory: Option<ServerMemory>,
}

impl Phone {
    pub fn start(config: SessionConfig, resume: Option<ResumeState>) -> Self {
        let (handle, outputs) = Session::start(config, resume);
        Self { handle, outputs, memory: None }
    }

    /// The next output; what it wants to be answered is answered.
    pub async fn next(&mut self) -> SessionOutput {
        loop {
            match patiently(self.outputs.recv()).await.expect("the session said no last word") {
                SessionOutput::Remember(memory) => self.memory = Some(*memory),
                SessionOutput::Stanza { inbound, mut replies } => {
                    for reply in replies.drain(..) {
                        self.handle.reply(reply);
                    }
                    return SessionOutput::Stanza { inbound, replies };
                }
                output => return output,
            }
        }
    }

    pub async fn event(&mut self) -> SessionEvent {
        match self.next().await {
            SessionOutput::Event(event) => event,
            SessionOutput::AcknowledgementWanted => Box::pin(self.event()).await,
            other => panic!("{other:?}"),
        }
    }

    pub async fn stanza(&mut self) -> Vec<Inbound> {
        match self.next().await {
            SessionOutput::Stanza { inbound, .. } => inbound,
            SessionOutput::AcknowledgementWanted => Box::pin(self.stanza()).await,
            other => panic!("{other:?}"),
        }
    }

    pub async fn refused(&mut self) -> Vec<Inbound> {
        match self.next().await {
            SessionOutput::Refused { inbound } => inbound,
            other => panic!("{other:?}"),
        }
    }

    pub async fn ended(&mut self) -> (Option<Error>, Option<ResumeState>) {
        loop {
            if let SessionOutput::Ended { error, resume } = self.next().await {
                assert!(patiently(self.outputs.recv()).await.is_none(), "something after the end");
                return (error, resume);
            }
        }
    }

    /// The end, with nothing before it.
    pub async fn failed(mut self) -> ErrorCode {
        match self.next().await {
            SessionOutput::Ended { error, resume } => {
                assert!(resume.is_none());
                error.unwrap().code
            }
            other => panic!("{other:?}"),
        }
    }

    pub async fn online(&mut self, resumed: bool) -> Granted {
        match self.event().await {
            SessionEvent::Online(granted) => {
                assert_eq!(granted.resumed, resumed);
                granted
            }
            other => panic!("{other:?}"),
        }
    }

    /// The end, with nothing before it but what was learned.
    pub async fn turned_away(mut self) -> (Error, Option<ServerMemory>) {
        let (error, resume) = self.ended().await;
        assert!(resume.is_none());
        (error.unwrap(), self.memory)
    }

    /// The end, for a reason that may pass. Answers with what can be resumed, and with what was learned.
    pub async fn lost(mut self) -> (Option<ResumeState>, Option<ServerMemory>) {
        let (error, resume) = self.ended().await;
        assert!(error.unwrap().is_transient());
        (resume, self.memory)
    }

    /// Drops the connection. Answers with what can be resumed, and with what was learned, once written down.
    pub async fn leave(mut self) -> (Option<ResumeState>, Option<ServerMemory>) {
        self.handle.abandon();
        let (_, resume) = self.ended().await;
        let memory = serde_json::to_string(&self.memory).unwrap();
        (resume, serde_json::from_str(&memory).unwrap())
    }

    pub fn write(&self, id: &str, text: &str) {
        self.handle.send(chat(id, text));
    }
}

pub fn bo() -> Address {
    Address::parse("bo@example.org").unwrap()
}

pub fn chat(id: &str, text: &str) -> Outbound {
    Outbound::Message(OutboundMessage {
        id: StanzaId::new(id),
        to: bo(),
        kind: MessageKind::Chat,
        content: OutboundContent::Plain { text: text.to_owned() },
    })
}

/// What tells that these messages are with the server.
pub fn acknowledged(ids: &[&str]) -> SessionEvent {
    SessionEvent::Acknowledged { messages: ids.iter().map(|&id| StanzaId::new(id)).collect() }
}

/// The text of the one message that came in.
pub fn text(inbound: &[Inbound]) -> &str {
    match inbound {
        [Inbound::Message(message)] => match &message.content {
            InboundContent::Plain { text, .. } => text,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}
