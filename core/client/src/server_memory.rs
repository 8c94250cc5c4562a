//! What is remembered of the server, kept beside the account. In which order is written in
//! `heliograph_xmpp::server_memory`.

use heliograph_model::{Error, ErrorCode};
use heliograph_store::{Store, setting};
use heliograph_sync::{Engine, EngineError};
use heliograph_xmpp::session::ServerMemory;
use zeroize::Zeroizing;

/// Name of the setting that holds it.
const SETTING: &str = "server";

/// Reads it back. One that can't be read is as good as none: it costs a longer sign-in.
pub(crate) fn load(store: &mut Store) -> Result<Option<ServerMemory>, Error> {
    let bytes = store.write(|tx| setting::get(tx, SETTING))?.map(Zeroizing::new);
    Ok(bytes.and_then(|bytes| ciborium::from_reader(bytes.as_slice()).ok()))
}

/// Commits it.
pub(crate) fn keep(engine: &mut Engine, memory: &ServerMemory) -> Result<(), Error> {
    Ok(engine.keep(SETTING, &encode(memory)?)?)
}

/// Commits what the first sign-in learned, when there is no engine yet.
pub(crate) fn keep_first(store: &mut Store, memory: &ServerMemory) -> Result<(), Error> {
    let bytes = encode(memory)?;
    Ok(store.write(|tx| setting::put(tx, SETTING, &bytes).map_err(EngineError::from))?)
}

fn encode(memory: &ServerMemory) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut bytes = Zeroizing::new(Vec::new());
    ciborium::into_writer(memory, &mut *bytes)
        .map_err(|_| Error::new(ErrorCode::Internal, "the memory of the server does not encode"))?;
    Ok(bytes)
}
