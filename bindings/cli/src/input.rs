//! Lines from the standard input, and the signals that end a session.

use std::io::{self, BufRead, Read};
use std::thread;

use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::failure::Failure;

/// The longest line that is read, in bytes: four times the largest stanza that common servers take, in JSON.
const LONGEST_LINE: u64 = 1 << 20;

/// How many lines may wait: the reader is held up, not the memory filled.
const WAITING_LINES: usize = 64;

/// Something that was typed or piped in.
#[derive(Debug)]
pub enum Input {
    /// A line without its end.
    Line(String),
    /// A line that is no text or too long.
    Unreadable(Failure),
    /// Ctrl-C at a prompt, where it is a key and no signal.
    Interrupted,
}

/// A channel for input; the end of the input is the end of the channel.
pub fn input_channel() -> (Sender<Input>, Receiver<Input>) {
    channel(WAITING_LINES)
}

/// Reads the standard input on a thread of its own. A blocked read can't be cancelled, so nothing ever waits for this
/// thread: it ends with its input or with the process.
pub fn read_stdin() -> Receiver<Input> {
    let (sender, receiver) = input_channel();
    thread::spawn(move || {
        let mut stdin = io::stdin().lock();
        while let Ok(Some(input)) = next_line(&mut stdin) {
            if sender.blocking_send(input).is_err() {
                break;
            }
        }
    });
    receiver
}

fn next_line(reader: &mut impl BufRead) -> io::Result<Option<Input>> {
    let mut bytes = Vec::new();
    reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut bytes)?;
    if bytes.is_empty() {
        return Ok(None);
    }
    if bytes.last() != Some(&b'\n') && bytes.len() as u64 == LONGEST_LINE {
        skip_line(reader)?;
        return Ok(Some(Input::Unreadable(Failure::Input("This line is too long.".into()))));
    }
    while matches!(bytes.last(), Some(b'\n' | b'\r')) {
        bytes.pop();
    }
    Ok(Some(match String::from_utf8(bytes) {
        Ok(line) => Input::Line(line),
        Err(_) => Input::Unreadable(Failure::Input("This line is not UTF-8 text.".into())),
    }))
}

fn skip_line(reader: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffer = reader.fill_buf()?;
        let (length, ended) = match buffer.iter().position(|byte| *byte == b'\n') {
            Some(end) => (end + 1, true),
            None => (buffer.len(), buffer.is_empty()),
        };
        reader.consume(length);
        if ended {
            return Ok(());
        }
    }
}

/// Completes when the process is asked to end: Ctrl-C anywhere, SIGTERM and SIGHUP on Unix.
pub async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let (Ok(mut terminate), Ok(mut hang_up)) =
            (signal(SignalKind::terminate()), signal(SignalKind::hangup()))
        {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = hang_up.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    if tokio::signal::ctrl_c().await.is_err() {
        // Without a handler the system's default ends the process.
        std::future::pending::<()>().await;
    }
}

#[cfg(test)]
mod tests {
    use super::{Input, LONGEST_LINE, next_line};
    use std::io::BufReader;

    #[test]
    fn bad_lines_are_reported_and_the_next_one_is_read() {
        let mut bytes = b"one\r\n\xff\xfe\n".to_vec();
        bytes.extend(vec![b'x'; LONGEST_LINE as usize + 10]);
        bytes.extend(b"\nlast");
        let mut reader = BufReader::new(bytes.as_slice());
        assert!(matches!(next_line(&mut reader).unwrap(), Some(Input::Line(line)) if line == "one"));
        assert!(matches!(next_line(&mut reader).unwrap(), Some(Input::Unreadable(_))));
        assert!(matches!(next_line(&mut reader).unwrap(), Some(Input::Unreadable(_))));
        assert!(matches!(next_line(&mut reader).unwrap(), Some(Input::Line(line)) if line == "last"));
        assert!(next_line(&mut reader).unwrap().is_none());
    }
}
