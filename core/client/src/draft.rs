//! What the user is writing, which is kept whether the client is awake or not.
//!
//! A screen that goes away says what was typed there when the app is on its way to sleep, and can't wait: the client may be
//! suspended by then, and the process may be gone a moment later. So a client that sleeps opens its database for this one
//! transaction, alone as always, and closes it again before it answers.

use heliograph_model::{ConversationId, Error};
use heliograph_store::Store;
use heliograph_sync::Command;

use crate::client::Client;
use crate::shared::closed;

impl Client {
    /// Keeps what the user is writing in a conversation, so that it outlives the screen and the process; an empty text is
    /// none. At most 256 KiB of any characters. To be called a moment after the last key, when the screen goes away, and no
    /// more once the text was sent.
    ///
    /// May be called on a suspended client, too, which stays suspended: when this returns, no file of the database is open.
    ///
    /// Errors: [`ErrorCode::NotFound`](crate::ErrorCode::NotFound), [`ErrorCode::TooLarge`](crate::ErrorCode::TooLarge), and
    /// those of the database; in a suspended client also [`ErrorCode::StoreBusy`](crate::ErrorCode::StoreBusy), which passes
    /// by itself: another process has the account open.
    pub async fn set_draft(&self, conversation: ConversationId, text: &str) -> Result<(), Error> {
        // Who falls asleep or wakes up finishes first.
        let _one_at_a_time = self.lifecycle.lock().await;
        if self.is_awake() {
            return self.ask(Command::SetDraft { conversation, text: text.to_owned() }).await.map(|_| ());
        }
        if self.shared.is_closed() {
            return Err(closed());
        }
        let mut store = Store::open(&self.location.path, &self.location.key)?;
        let kept = heliograph_sync::keep_draft(&mut store, conversation, text);
        let shut = store.close();
        kept??;
        Ok(shut?)
    }

    /// Whether there is somebody who has the database open and can be asked.
    fn is_awake(&self) -> bool {
        self.running().as_ref().is_some_and(|running| !running.orders.is_closed())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use heliograph_model::ErrorCode;
    use heliograph_sync::ConnectionState;
    use tempfile::TempDir;

    use super::*;
    use crate::driver::Order;
    use crate::testing::{client, location};

    /// Files of this account that this process has open.
    #[cfg(target_os = "linux")]
    fn open_files(folder: &TempDir) -> Vec<std::path::PathBuf> {
        std::fs::read_dir("/proc/self/fd")
            .unwrap()
            .filter_map(|file| std::fs::read_link(file.unwrap().path()).ok())
            .filter(|file| file.starts_with(folder.path()))
            .collect()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_typed_while_the_client_falls_asleep_is_there_when_it_wakes() {
        let folder = TempDir::new().unwrap();
        let client = Arc::new(client(&folder));
        let chat = client.start_chat(&"ben@example.org".parse().unwrap()).await.unwrap();
        client.set_draft(chat, "the bri").await.unwrap();
        let mut list = client.conversations();
        list.snapshot().unwrap();
        let (slept, kept) = tokio::join!(client.suspend(), client.set_draft(chat, "the bridge"));
        slept.unwrap();
        kept.unwrap();
        client.set_draft(chat, "the bridge is").await.unwrap();
        #[cfg(target_os = "linux")]
        assert_eq!(open_files(&folder), Vec::<std::path::PathBuf>::new());
        assert_eq!(client.connection().state, ConnectionState::Suspended);
        assert_eq!(client.send(chat, "asleep").await.unwrap_err().code, ErrorCode::Closed);
        // Another process finds it: it is on the disk, not in this one's memory.
        {
            let other = Client::open(location(&folder)).unwrap();
            assert_eq!(other.conversation(chat).unwrap().draft, "the bridge is");
            other.shutdown().await.unwrap();
        }
        client.resume().await.unwrap();
        assert_eq!(list.next().await.unwrap()[0].draft, "the bridge is", "whoever looks on is told");
        client.set_draft(chat, "").await.unwrap();
        assert_eq!(client.conversation(chat).unwrap().draft, "");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_can_not_be_kept_is_refused_and_changes_nothing() {
        let folder = TempDir::new().unwrap();
        let client = client(&folder);
        let chat = client.start_chat(&"ben@example.org".parse().unwrap()).await.unwrap();
        client.set_draft(chat, "as it was").await.unwrap();
        client.suspend().await.unwrap();
        let code = async |id, text: &str| client.set_draft(id, text).await.unwrap_err().code;
        assert_eq!(code(chat, &"x".repeat(256 * 1024 + 1)).await, ErrorCode::TooLarge);
        assert_eq!(code(ConversationId(-1), "x").await, ErrorCode::NotFound);
        let elsewhere = Store::open(&location(&folder).path, &location(&folder).key).unwrap();
        let busy = client.set_draft(chat, "meanwhile").await.unwrap_err();
        assert_eq!(busy.code, ErrorCode::StoreBusy);
        assert!(busy.code.is_transient());
        elsewhere.close().unwrap();
        client.resume().await.unwrap();
        assert_eq!(client.conversation(chat).unwrap().draft, "as it was");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_client_that_failed_inside_still_keeps_what_is_typed() {
        let folder = TempDir::new().unwrap();
        let client = client(&folder);
        let chat = client.start_chat(&"ben@example.org".parse().unwrap()).await.unwrap();
        let mut changes = client.connection_changes();
        client.running().as_ref().unwrap().orders.send(Order::Panic).unwrap();
        while changes.next().await.unwrap().state != ConnectionState::Stopped {}
        client.set_draft(chat, "kept all the same").await.unwrap();
        client.resume().await.unwrap();
        assert_eq!(client.conversation(chat).unwrap().draft, "kept all the same");
    }
}
