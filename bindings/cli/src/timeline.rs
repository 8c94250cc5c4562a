//! A page of the past with its seams: the places where messages are known to be missing.

use heliograph_client::{Message, SeamKind, TimelinePage};

/// One line of a timeline.
#[derive(Debug, Clone, Copy)]
pub enum Entry<'a> {
    /// A message.
    Message(&'a Message),
    /// Messages are missing here.
    Seam(SeamKind),
}

/// The messages of a page, oldest first, and its seams between them. A seam's position is that of the first message after
/// it; where no such message is on the page, it lies at the end. Of several in one place the newest is shown: it is the one
/// that something can be done about first.
pub fn with_seams(page: &TimelinePage) -> Vec<Entry<'_>> {
    let mut seams = page.seams.iter().peekable();
    let mut entries = Vec::with_capacity(page.messages.len() + page.seams.len());
    for message in &page.messages {
        // What has no position yet comes after everything that has one.
        let here = message.position.unwrap_or(i64::MAX);
        let mut torn = None;
        while let Some(seam) = seams.next_if(|seam| seam.position <= here) {
            torn = Some(Entry::Seam(seam.kind));
        }
        entries.extend(torn);
        entries.push(Entry::Message(message));
    }
    entries.extend(seams.last().map(|seam| Entry::Seam(seam.kind)));
    entries
}

#[cfg(test)]
mod tests {
    use super::{Entry, with_seams};
    use crate::sample::{conversation, message};
    use heliograph_client::{ConversationKind, Seam, SeamKind, TimelinePage};

    #[test]
    fn a_seam_stands_before_the_first_message_after_the_hole() {
        let crew = conversation(1, ConversationKind::Group, "g@muc.x.org", Some("crew"));
        let rows = |seams: &[i64]| {
            let messages = [1, 2, 5].map(|row| message(row, &crew, "ben@x.org", "hi")).to_vec();
            let seams = seams
                .iter()
                .map(|position| Seam { position: *position, kind: SeamKind::NotLoaded })
                .collect();
            let page = TimelinePage { messages, older: false, seams };
            let row = |entry: &Entry<'_>| match entry {
                Entry::Message(message) => Some(message.row),
                Entry::Seam(_) => None,
            };
            with_seams(&page).iter().map(row).collect::<Vec<_>>()
        };
        assert_eq!(rows(&[]), [Some(1), Some(2), Some(5)]);
        assert_eq!(rows(&[2]), [Some(1), None, Some(2), Some(5)]);
        assert_eq!(rows(&[3, 4]), [Some(1), Some(2), None, Some(5)]);
        assert_eq!(rows(&[9]), [Some(1), Some(2), Some(5), None]);
    }
}
