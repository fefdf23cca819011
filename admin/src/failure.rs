//! The failure of a command: one sentence that says what is wrong and what to do.

use std::error::Error;

use crate::output::escape;

/// Longest sentence, in characters. With the name of the command, a line has at most 250.
const MAX_SENTENCE: usize = 225;
/// Longest message of another program in a sentence.
pub const MAX_MESSAGE: usize = 110;

/// The failure of a command.
#[derive(Debug)]
pub struct Failure {
    /// What is wrong and what to do.
    pub sentence: String,
    /// The SDK's error details, for `--verbose`.
    pub details: Option<String>,
}

impl From<String> for Failure {
    fn from(sentence: String) -> Self {
        let details = None;
        Self { sentence, details }
    }
}

impl From<&str> for Failure {
    fn from(sentence: &str) -> Self {
        sentence.to_owned().into()
    }
}

impl Failure {
    /// The failure with more advice at the end of its sentence.
    #[must_use]
    pub fn with_advice(self, advice: &str) -> Self {
        let left = MAX_SENTENCE - advice.chars().count() - 2;
        let sentence = format!("{}; {advice}", cut(&self.sentence, left));
        Self { sentence, ..self }
    }
}

/// A sentence on one line that fits.
pub fn sentence(text: &str) -> String {
    cut(&one_line(text), MAX_SENTENCE)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The text with at most this many characters. If it is cut, its last character is `…`.
pub fn cut(text: &str, longest: usize) -> String {
    let text = escape(text);
    if text.chars().count() <= longest {
        return text;
    }
    let mut cut: String = text.chars().take(longest - 1).collect();
    cut.push('…');
    cut
}

/// The message of another program, for a sentence.
pub fn quote(text: &str) -> String {
    let text = one_line(text).replace('{', "(").replace('}', ")");
    cut(&text, MAX_MESSAGE)
}

/// The error and its causes. The source of an I/O error is not the error that it wraps, but the
/// source of that one.
pub fn causes<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| {
        match error.downcast_ref::<std::io::Error>() {
            Some(error) => error.get_ref().map(|wrapped| wrapped as _),
            None => error.source(),
        }
    })
}

/// The last cause, which is the most specific one, without the number of an operating system's
/// error. The SDK shows the message of an error of AWS
/// among other fields.
pub fn innermost_cause(causes: &[String]) -> String {
    let cause = causes.last().map_or("", String::as_str);
    let message = cause.split_once("message: \"").map(|(_, message)| message);
    let message = message.and_then(|message| message.split('"').next());
    let cause = message.unwrap_or(cause);
    let cause = cause.split(" (os error").next().unwrap_or_default();
    quote(cause)
}
