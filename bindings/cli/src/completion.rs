//! Completion at the prompt: commands at the beginning of a line, names and addresses after them.

use std::sync::PoisonError;

use reedline::{Completer, CompletionResult, Span, Suggestion};

use crate::talk::SharedStanding;
use crate::typed::COMMANDS;

/// Completes from the commands and from the conversations that are known at the moment.
pub struct WordCompleter {
    standing: SharedStanding,
}

impl WordCompleter {
    /// A completer over what the talk knows.
    pub const fn new(standing: SharedStanding) -> Self {
        Self { standing }
    }
}

impl Completer for WordCompleter {
    fn complete(&mut self, line: &str, pos: usize) -> CompletionResult {
        let words = self.standing.lock().unwrap_or_else(PoisonError::into_inner).words.clone();
        CompletionResult::fresh(suggest(line, pos, &words))
    }
}

/// What fits the word before the cursor. Nothing for an ordinary text: names in a message are typed on purpose.
fn suggest(line: &str, pos: usize, words: &[String]) -> Vec<Suggestion> {
    let Some(before) = line.get(..pos).filter(|before| before.starts_with('/')) else { return Vec::new() };
    let Some(blank) = before.find(' ') else {
        return COMMANDS
            .iter()
            .filter(|(name, ..)| name.starts_with(before))
            .map(|(name, takes, does)| Suggestion {
                value: (*name).to_owned(),
                description: Some(format!("{takes}  {does}").trim().to_owned()),
                span: Span { start: 0, end: pos },
                append_whitespace: !takes.is_empty(),
                ..Suggestion::default()
            })
            .collect();
    };
    // A quoted name is one word, with its blanks.
    let start = match before.rfind('"') {
        Some(quote) if before.matches('"').count() % 2 == 1 => quote,
        _ => before.rfind(' ').map_or(blank + 1, |last| last + 1),
    };
    let typed = before.get(start..).unwrap_or_default();
    let plain = typed.trim_start_matches('"').to_lowercase();
    words
        .iter()
        .filter(|word| word.trim_start_matches('"').to_lowercase().starts_with(&plain))
        .map(|word| Suggestion {
            value: word.clone(),
            span: Span { start, end: pos },
            append_whitespace: true,
            ..Suggestion::default()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::suggest;
    use proptest::prelude::*;

    fn values(line: &str) -> Vec<String> {
        let words = ["\"night watch\"", "Ben@x.org", "crew"].map(str::to_owned);
        suggest(line, line.len(), &words).into_iter().map(|suggestion| suggestion.value).collect()
    }

    #[test]
    fn commands_first_then_names_and_nothing_inside_a_message() {
        assert_eq!(values("/hi"), ["/history"]);
        assert_eq!(values("/to b"), ["Ben@x.org"]);
        assert_eq!(values("/to ni"), ["\"night watch\""]);
        assert_eq!(values("/to \"night w"), ["\"night watch\""]);
        assert_eq!(values("/group x b"), ["Ben@x.org"]);
        assert!(values("see b").is_empty());
        assert!(values("").is_empty());
    }

    proptest! {
        #[test]
        fn any_line_and_cursor(line in "/?\\PC{0,20}", pos in 0_usize..40) {
            for suggestion in suggest(&line, pos, &["crew".to_owned()]) {
                prop_assert!(line.get(suggestion.span.start..suggestion.span.end).is_some());
            }
        }
    }
}
