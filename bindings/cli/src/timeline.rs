//! A page of the past with its seams: the places where messages are known to be missing.

use heliograph_client::{Message, TimelinePage};

/// The messages of a page, oldest first, with `None` wherever a seam lies. A seam's position is that of the first
/// message after it; where no such message is on the page, it lies at the end.
pub fn with_seams(page: &TimelinePage) -> Vec<Option<&Message>> {
    let mut positions: Vec<i64> = page.seams.iter().map(|seam| seam.position).collect();
    positions.sort_unstable();
    let mut positions = positions.into_iter().peekable();
    let mut entries = Vec::with_capacity(page.messages.len() + page.seams.len());
    for message in &page.messages {
        // What has no position yet comes after everything that has one.
        let here = message.position.unwrap_or(i64::MAX);
        let mut torn = false;
        while positions.next_if(|position| *position <= here).is_some() {
            torn = true;
        }
        if torn {
            entries.push(None);
        }
        entries.push(Some(message));
    }
    if positions.next().is_some() {
        entries.push(None);
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::with_seams;
    use crate::sample::{conversation, message};
    use heliograph_client::{ConversationKind, Seam, TimelinePage};

    #[test]
    fn a_seam_stands_before_the_first_message_after_the_hole() {
        let crew = conversation(1, ConversationKind::Group, "g@muc.x.org", Some("crew"));
        let rows = |seams: &[i64]| {
            let messages = [1, 2, 5].map(|row| message(row, &crew, "ben@x.org", "hi")).to_vec();
            let seams = seams.iter().map(|position| Seam { position: *position }).collect();
            let page = TimelinePage { messages, older: false, seams };
            with_seams(&page).iter().map(|entry| entry.map(|message| message.row)).collect::<Vec<_>>()
        };
        assert_eq!(rows(&[]), [Some(1), Some(2), Some(5)]);
        assert_eq!(rows(&[2]), [Some(1), None, Some(2), Some(5)]);
        assert_eq!(rows(&[4, 3]), [Some(1), Some(2), None, Some(5)]);
        assert_eq!(rows(&[9]), [Some(1), Some(2), Some(5), None]);
    }
}
