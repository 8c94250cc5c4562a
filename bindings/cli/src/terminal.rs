//! The prompt: a line editor on a thread of its own, with completion and, for as long as it runs, a memory of what was
//! typed. That memory is never written to a file: it would hold messages in plain beside the encrypted database.
//!
//! What happens meanwhile is printed above the line that is being typed. The editor looks for it ten times a second;
//! that is the terminal shell's own habit and costs nobody's battery: the core below never polls.

use std::borrow::Cow;
use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use reedline::{
    ColumnarMenu, Emacs, ExternalPrinter, KeyCode, KeyModifiers, MenuBuilder, Prompt, PromptEditMode,
    PromptHistorySearch, PromptHistorySearchStatus, Reedline, ReedlineEvent, ReedlineMenu, Signal,
    default_emacs_keybindings,
};
use tokio::sync::mpsc::{Receiver, Sender};

use crate::commands::now;
use crate::completion::WordCompleter;
use crate::input::{Input, input_channel};
use crate::render::Look;
use crate::screen::Screen;
use crate::talk::{SharedStanding, Standing};

/// How many lines may wait for the editor to print them: more than a screen, so that a catch-up does not stall.
const PRINTER_LINES: usize = 1024;

const MENU: &str = "completion";

/// A line editor that has not begun to read.
pub struct Terminal {
    editor: Reedline,
    screen: Option<Screen>,
    stop: Arc<AtomicBool>,
}

/// A line editor that reads.
pub struct Editing {
    /// What is typed. Its end is the user's wish to leave.
    pub lines: Receiver<Input>,
    thread: JoinHandle<()>,
    stop: Arc<AtomicBool>,
}

impl Terminal {
    /// Sets up the editor without touching the terminal yet.
    pub fn new() -> Self {
        let printer = ExternalPrinter::new(PRINTER_LINES);
        let lines = printer.sender();
        let stop = Arc::new(AtomicBool::new(false));
        let mut keys = default_emacs_keybindings();
        keys.add_binding(
            KeyModifiers::NONE,
            KeyCode::Tab,
            ReedlineEvent::UntilFound(vec![ReedlineEvent::Menu(MENU.into()), ReedlineEvent::MenuNext]),
        );
        let menu = ColumnarMenu::default().with_name(MENU);
        let mut editor = Reedline::create()
            .with_menu(ReedlineMenu::EngineCompleter(Box::new(menu)))
            .with_edit_mode(Box::new(Emacs::new(keys)))
            .with_quick_completions(true)
            .with_partial_completions(true)
            .use_bracketed_paste(true)
            .with_ansi_colors(console::colors_enabled())
            .with_break_signal(Arc::clone(&stop))
            .with_external_printer(printer);
        let repaint = editor.repaint_signal();
        Self {
            editor,
            screen: Some(Screen::Prompt {
                printer: lines,
                repaint: Box::new(move || repaint.request_repaint()),
            }),
            stop,
        }
    }

    /// The screen above the prompt; there is one, so only the first call gets it.
    pub const fn take_screen(&mut self) -> Option<Screen> {
        self.screen.take()
    }

    /// Begins to read lines.
    pub fn start(self, standing: SharedStanding, look: Look) -> Editing {
        let (sender, lines) = input_channel();
        let stop = Arc::clone(&self.stop);
        let completer = WordCompleter::new(Arc::clone(&standing));
        let editor = self.editor.with_completer(Box::new(completer));
        let said = Place { standing: Arc::clone(&standing), look: Some(look) };
        let editor = editor.with_transient_prompt(Box::new(said));
        let thread = std::thread::spawn(move || read_lines(editor, &Place { standing, look: None }, &sender));
        Editing { lines, thread, stop }
    }
}

impl Editing {
    /// Takes the channel of lines.
    pub fn take_lines(&mut self) -> Receiver<Input> {
        std::mem::replace(&mut self.lines, input_channel().1)
    }

    /// Ends the editor and gives the terminal back as it was.
    pub fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        // In a terminal that was closed the editor never stops to look for a key; the end of the process ends it.
        if !std::io::stdin().is_terminal() {
            return;
        }
        // A panic of the editor has been printed; the terminal was restored by its destructor.
        let _ = self.thread.join();
        // The prompt that nobody will answer.
        let _ = console::Term::stdout().clear_line();
    }
}

fn read_lines(mut editor: Reedline, prompt: &Place, lines: &Sender<Input>) {
    loop {
        let input = match editor.read_line(prompt) {
            Ok(Signal::Success(line)) => Input::Line(line),
            Ok(Signal::CtrlC) => Input::Interrupted,
            // Ctrl-D, the break signal, or a terminal that went away.
            _ => return,
        };
        if lines.blocking_send(input).is_err() {
            return;
        }
    }
}

/// The prompt: the open conversation on the left, the connection on the right. What was typed stays on the screen with
/// the time instead, so that it reads like the messages around it.
struct Place {
    standing: SharedStanding,
    /// There only for lines that were typed already.
    look: Option<Look>,
}

impl Place {
    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Prompt for Place {
    fn render_prompt_left(&self) -> Cow<'_, str> {
        let standing = self.standing();
        let place = if standing.place.is_empty() { "heliograph" } else { &standing.place };
        Cow::Owned(match &self.look {
            Some(look) => format!("{} {place}", look.time(now(), now())),
            None => place.to_owned(),
        })
    }

    fn render_prompt_right(&self) -> Cow<'_, str> {
        Cow::Owned(if self.look.is_some() { String::new() } else { self.standing().connection.clone() })
    }

    fn render_prompt_indicator(&self, _mode: PromptEditMode) -> Cow<'_, str> {
        Cow::Borrowed(" › ")
    }

    fn render_prompt_multiline_indicator(&self) -> Cow<'_, str> {
        Cow::Borrowed("  ┊ ")
    }

    fn render_prompt_history_search_indicator(&self, search: PromptHistorySearch) -> Cow<'_, str> {
        let found = match search.status {
            PromptHistorySearchStatus::Passing => "search",
            PromptHistorySearchStatus::Failing => "not found",
        };
        Cow::Owned(format!(" ({found}: {}) ", search.term))
    }
}
