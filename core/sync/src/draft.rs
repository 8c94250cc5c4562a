//! What the user is writing.

use heliograph_model::{ConversationId, Error, ErrorCode};
use heliograph_store::{Store, Transaction, conversation};

use crate::command::Answer;
use crate::error::EngineError;
use crate::input::Reply;
use crate::policy::DRAFT_BYTES;
use crate::step::Step;

/// Keeps what the user is writing where no engine runs, in a transaction of its own: no other part of the engine has anything
/// to say about a draft. [`Command::SetDraft`](crate::Command::SetDraft) is the same while one runs.
pub fn keep_draft(
    store: &mut Store,
    id: ConversationId,
    text: &str,
) -> Result<Result<(), Error>, EngineError> {
    store.write(|tx| keep(tx, id, text))
}

fn keep(tx: &Transaction<'_>, id: ConversationId, text: &str) -> Result<Result<(), Error>, EngineError> {
    if text.len() > DRAFT_BYTES {
        return Ok(Err(Error::new(ErrorCode::TooLarge, "a draft has at most 256 KiB")));
    }
    if conversation::get(tx, id)?.is_none() {
        return Ok(Err(Error::new(ErrorCode::NotFound, "there is no such conversation")));
    }
    conversation::set_draft(tx, id, text)?;
    Ok(Ok(()))
}

impl Step<'_> {
    pub(crate) fn set_draft(&mut self, id: ConversationId, text: &str) -> Result<Answer, EngineError> {
        Ok(keep(self.tx, id, text)?.map(|()| Reply::Done))
    }
}
