//! Where text for a person goes: the standard output, or above the prompt while a line is being edited.

use std::io::{self, Write};
use std::sync::mpsc::SyncSender;

/// A place for lines.
pub enum Screen {
    /// Plain output: what was said on the standard output, remarks on the error output, so that a pipe carries the
    /// conversation and nothing else.
    Output,
    /// Above the prompt. Once the prompt is gone, lines go to the standard output.
    Prompt {
        /// The editor's own printer.
        printer: SyncSender<String>,
        /// Makes the editor draw its prompt afresh.
        repaint: Box<dyn Fn()>,
    },
    /// Kept, for tests.
    #[cfg(test)]
    Kept(std::sync::Arc<std::sync::Mutex<Vec<String>>>),
}

impl Screen {
    /// Whether a person types at a prompt, where what was typed stays visible.
    pub const fn is_prompt(&self) -> bool {
        matches!(self, Self::Prompt { .. })
    }

    /// Prints what belongs to the conversation.
    pub fn print(&self, text: &str) -> io::Result<()> {
        match self {
            Self::Prompt { printer, .. } if printer.send(text.to_owned()).is_ok() => Ok(()),
            Self::Output | Self::Prompt { .. } => {
                let mut output = io::stdout().lock();
                writeln!(output, "{text}")?;
                output.flush()
            }
            #[cfg(test)]
            Self::Kept(lines) => {
                lines.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(text.to_owned());
                Ok(())
            }
        }
    }

    /// Prints what the shell itself has to say.
    pub fn remark(&self, text: &str) -> io::Result<()> {
        match self {
            Self::Output => writeln!(io::stderr().lock(), "{text}"),
            Self::Prompt { .. } => self.print(text),
            #[cfg(test)]
            Self::Kept(_) => self.print(text),
        }
    }

    /// The prompt's contents changed.
    pub fn refresh(&self) {
        if let Self::Prompt { repaint, .. } = self {
            repaint();
        }
    }
}
