//! The engine: one input, one transaction, one set of effects.

use std::collections::BTreeMap;

use heliograph_mls::Group;
use heliograph_model::stanza::{MessageKind, Outbound};
use heliograph_model::{Address, Entropy, Error, GroupId, Timestamp};
use heliograph_store::account::{self, Account, ServerFacts};
use heliograph_store::mls_storage::MlsStorage;
use heliograph_store::{Readers, Store, StoreError, Transaction, conversation, setting};

use crate::error::EngineError;
use crate::input::{Effects, Input};
use crate::live::{Link, Live};
use crate::policy::Situation;
use crate::step::Step;
use crate::stream::{self, StoredStream};
use crate::usage::{Ledger, Spent, Usage};

/// See the crate's documentation.
pub struct Engine {
    store: Store,
    account: Account,
    live: Live,
    /// What an earlier process left, until a session of this one begins.
    stored: Option<StoredStream>,
    /// The group of the last input, as it is in the database: most inputs in a row are about the same one, and to load a
    /// group of a hundred members takes as long as to decrypt six messages. One at most: the memory for all groups of an
    /// account would be too much.
    groups: BTreeMap<GroupId, Group>,
    ledger: Ledger,
}

/// Notes which groups are ours where an older version did not: each has to be loaded, once.
fn look_up_owners(tx: &Transaction<'_>, account: &Account) -> Result<(), EngineError> {
    let storage = MlsStorage::live(tx);
    for (id, group) in conversation::owner_unknown(tx)? {
        let owned = match Group::load(&storage, group) {
            Ok(found) => found.is_some_and(|group| group.info().owner == account.address),
            Err(error) => match storage.take_failure() {
                // A group that does not decode keeps nobody from the others, and nothing can be changed in it anyway.
                None | Some(StoreError::Codec) => {
                    tracing::warn!(%error, "a group does not load");
                    false
                }
                Some(failure) => return Err(failure.into()),
            },
        };
        conversation::set_owned(tx, id, owned)?;
    }
    Ok(())
}

impl Engine {
    /// Takes over an open database that holds an account (see [`crate::create_account`]).
    pub fn open(mut store: Store) -> Result<Self, EngineError> {
        let account =
            store.write(|tx| account::load(tx).map_err(EngineError::from))?.ok_or(EngineError::NoAccount)?;
        let mut live = Live::default();
        let stored = store.write(|tx| stream::load(tx, &mut live))?;
        store.write(|tx| look_up_owners(tx, &account))?;
        Ok(Self { store, account, live, stored, groups: BTreeMap::new(), ledger: Ledger::default() })
    }

    /// The stream of an earlier process, for the first session of this one; `None` ever after.
    pub fn take_stored_stream(&mut self) -> Option<StoredStream> {
        self.stored.take()
    }

    /// Our account.
    pub fn address(&self) -> &Address {
        &self.account.address
    }

    /// For reading what the engine wrote, from any thread.
    pub fn readers(&self) -> Readers {
        self.store.readers()
    }

    /// Whether the server is about to tell us something that we asked for, or a room what we said there. A server that has to
    /// tell it to a sleeping phone may wake it for that.
    pub fn awaits_answers(&self) -> bool {
        let Live { link, session, .. } = &self.live;
        let reflected = |kind: &MessageKind| *kind == MessageKind::Groupchat;
        *link == Link::Online && (!session.requests.is_empty() || session.in_flight.values().any(reflected))
    }

    pub(crate) fn live(&self) -> &Live {
        &self.live
    }

    /// Handles one input at the time `now`, with 32 bytes of fresh randomness.
    ///
    /// On error the transaction was rolled back, nothing changed and nothing is to be sent. If the input came from the
    /// session, the driver must drop the connection without acknowledging it, and tell the engine with
    /// [`Engine::fault`]; the archive brings it again.
    pub fn handle(
        &mut self,
        now: Timestamp,
        entropy: &Entropy,
        input: Input,
    ) -> Result<Effects, EngineError> {
        let mut live = self.live.clone();
        let account = &self.account;
        let ledger = &self.ledger;
        // Taken out: if the transaction fails, what is loaded is ahead of the database and goes with it.
        let groups = std::mem::take(&mut self.groups);
        let (effects, groups, kept) = self.store.write(|tx| {
            let before = tx.total_changes();
            let mut step = Step::new(tx, account, &mut live, groups, now, entropy)?;
            let handled = step.input(input);
            // OpenMLS turns some failures of the database into failures of its own, which look as if the message were to
            // blame. Committing after one could lose a ratchet.
            if let Some(failure) = step.storage.take_failure() {
                return Err(failure.into());
            }
            handled?;
            step.keep_stream(&self.live)?;
            let keep = ledger.is_due(now) && tx.total_changes() != before;
            if keep {
                ledger.write(tx, now)?;
            }
            let (effects, groups) = step.finish();
            Ok::<_, EngineError>((effects, groups, keep))
        })?;
        self.live = live;
        if kept {
            self.ledger.written(now);
        }
        if groups.len() == 1 {
            self.groups = groups;
        }
        Ok(effects)
    }

    /// Notes that the last input could not be handled and the connection was dropped for it. Touches no database.
    pub fn fault(&mut self, now: Timestamp, entropy: &Entropy, error: Error) -> Effects {
        self.live.look_at_clock(now);
        self.live.link_lost(now, entropy, Some(error));
        self.live.give_up_loads();
        Effects {
            link: None,
            client_state: None,
            send: Vec::<Outbound>::new(),
            probe: false,
            wake_at: self.live.timers.wake_at(),
            reply: None,
            loaded: std::mem::take(&mut self.live.loaded),
            connection: self.live.connection(&ServerFacts::default()),
        }
    }

    /// Notes what was spent while the phone was doing this. Touches no database.
    pub fn spend(&mut self, situation: Situation, spent: &Spent) {
        self.ledger.add(situation, spent);
    }

    /// What the account cost in the last seven days.
    pub fn usage(&mut self, now: Timestamp) -> Result<Usage, EngineError> {
        let ledger = &self.ledger;
        Ok(self.store.readers().read(|connection| ledger.sum(connection, now))?)
    }

    /// Keeps a named value of the layer above, in a transaction of its own.
    pub fn keep(&mut self, name: &str, value: &[u8]) -> Result<(), EngineError> {
        self.store.write(|tx| setting::put(tx, name, value).map_err(EngineError::from))
    }

    /// Makes the database fail from now on, as a full disk does; `None` mends it.
    #[cfg(feature = "fault-injection")]
    pub fn set_fault(&mut self, fault: Option<heliograph_store::Fault>) -> Result<(), EngineError> {
        Ok(self.store.set_fault(fault)?)
    }

    /// Writes down what is left to write of [`Self::spend`] and closes the database; afterwards no file of it is open.
    pub fn close(mut self, now: Timestamp) -> Result<(), EngineError> {
        let ledger = &self.ledger;
        let kept = if ledger.is_empty() {
            Ok(())
        } else {
            self.store.write(|tx| ledger.write(tx, now).map_err(EngineError::from))
        };
        // Closed whatever becomes of what it cost.
        self.store.close()?;
        kept
    }
}
