//! The lines of a file or of standard input, which a thread reads ahead.
//!
//! Reading standard input blocks. A thread of the runtime would keep the command from exiting
//! meanwhile, so this is a thread of its own.

use std::fs::File;
use std::io::{BufRead, BufReader, ErrorKind, IsTerminal, Read, stdin};
use std::path::Path;

use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::failure::Failure;

/// Longest line, in bytes. A description of 1,000,000 characters fits, also with escapes.
const MAX_LINE: u64 = 16 * 1024 * 1024;
/// Number of lines that are read ahead.
const AHEAD: usize = 4;

/// A line.
pub struct Line {
    /// From 1.
    pub number: u64,
    pub text: String,
    /// Where the next line begins, in bytes.
    pub end: u64,
}

/// The lines of a file.
pub struct Lines {
    lines: Receiver<Result<Line, Failure>>,
    /// The size of the file in bytes, if it has one.
    pub size: Option<u64>,
}

impl Lines {
    /// Opens the file, or standard input for `-`.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let (source, size): (Box<dyn Read + Send>, _) = if path == Path::new("-") {
            if stdin().is_terminal() {
                return Err("standard input is a terminal: pipe an export into the command".into());
            }
            (Box::new(stdin()), None)
        } else {
            let file = File::open(path).map_err(|error| unreadable(&error))?;
            let metadata = file.metadata().ok().filter(std::fs::Metadata::is_file);
            (Box::new(file), metadata.map(|metadata| metadata.len()))
        };
        let (sender, lines) = channel(AHEAD);
        std::thread::spawn(move || send_all(BufReader::new(source), &sender));
        Ok(Self { lines, size })
    }

    /// The next line; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<Line>, Failure> {
        self.lines.recv().await.transpose()
    }
}

/// Sends the lines until the end, a failure, or until the receiver is dropped.
fn send_all(mut source: impl BufRead, sender: &Sender<Result<Line, Failure>>) {
    let (mut number, mut end) = (0, 0);
    loop {
        number += 1;
        let line = read_line(&mut source, number, &mut end).transpose();
        let Some(line) = line else { return };
        let is_last = line.is_err();
        if sender.blocking_send(line).is_err() || is_last {
            return;
        }
    }
}

fn read_line(
    source: &mut impl BufRead,
    number: u64,
    end: &mut u64,
) -> Result<Option<Line>, Failure> {
    let mut bytes = Vec::new();
    let mut limited = source.by_ref().take(MAX_LINE);
    let read = limited.read_until(b'\n', &mut bytes);
    let read = read.map_err(|error| unreadable(&error))?;
    if read == 0 {
        return Ok(None);
    }
    if bytes.last() != Some(&b'\n') && limited.limit() == 0 {
        return Err(format!("line {number} is longer than {MAX_LINE} bytes").into());
    }
    *end += u64::try_from(read).unwrap_or(u64::MAX);
    let text = String::from_utf8(bytes);
    let text = text.map_err(|_| format!("line {number} is not UTF-8: write the file as UTF-8"))?;
    Ok(Some(Line {
        number,
        text,
        end: *end,
    }))
}

fn unreadable(error: &std::io::Error) -> Failure {
    match error.kind() {
        ErrorKind::IsADirectory => "the file of --file is a directory".into(),
        _ => format!("cannot read the file of --file: {error}").into(),
    }
}
