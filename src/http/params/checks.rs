//! GitLab's validation of parameters: presence and type (C11 to C18).

use super::{Param, ParamError, ParamErrors, ParamProblem, Params, Value};
use crate::patch::Patch;
use crate::timestamp::Timestamp;

/// Reads parameters and collects their errors, so that one response names them all (C18).
#[derive(Debug)]
pub struct Checks<'a> {
    params: &'a Params,
    /// The parameters that may be read.
    declared: &'a [Param],
    /// The name of the object that the parameters are members of; "" at the top level.
    object: String,
    errors: Vec<ParamError>,
}

impl<'a> Checks<'a> {
    /// Starts without errors. An operation may read only the parameters that it declares.
    #[must_use]
    pub fn new(params: &'a Params, declared: &'a [Param]) -> Self {
        Self::within(params, declared, String::new())
    }

    /// Starts with the members of an object, such as `assets[links][0]`.
    #[must_use]
    pub fn within(members: &'a Params, declared: &'a [Param], object: String) -> Self {
        Self {
            params: members,
            declared,
            object,
            errors: Vec::new(),
        }
    }

    /// Adds the errors of an object's members.
    pub fn append(&mut self, mut members: Checks<'_>) {
        self.errors.append(&mut members.errors);
    }

    /// The value as it was sent.
    #[must_use]
    pub fn value(&self, param: &Param) -> Option<&'a Value> {
        let is_declared = self.declared.contains(param);
        debug_assert!(is_declared, "{} is read but not declared", param.name);
        self.params.get(param.name)
    }

    /// Adds an error of a parameter.
    pub fn fail(&mut self, param: &Param, problem: ParamProblem) {
        self.fail_at(param.name, problem);
    }

    /// Adds an error of a parameter with this name, such as `assets[links]`.
    pub fn fail_at(&mut self, name: &str, problem: ParamProblem) {
        let name = if self.object.is_empty() {
            name.to_owned()
        } else {
            format!("{}[{name}]", self.object)
        };
        self.errors.push(ParamError::new(name, problem));
    }

    /// Text (C15). If the parameter is required, it may be null or empty, but not left out (C11,
    /// C12).
    pub fn text(&mut self, param: &Param) -> Patch<String> {
        match self.value(param) {
            None => {
                if param.is_required {
                    self.fail(param, ParamProblem::Missing);
                }
                Patch::Keep
            }
            Some(Value::Null) => Patch::Clear,
            Some(Value::Text(text)) => Patch::Set(text.clone()),
            Some(Value::Array(_) | Value::Object(_) | Value::File) => {
                self.fail(param, ParamProblem::Invalid);
                Patch::Keep
            }
        }
    }

    /// An integer; `None` if it is absent, null, empty or invalid (B7 to B9).
    pub fn integer(&mut self, param: &Param) -> Option<i128> {
        let text = self
            .text(param)
            .into_value()
            .filter(|text| !text.is_empty())?;
        self.integer_in(param, &text)
    }

    /// The integer in this text; `None` if it is invalid (C16).
    pub fn integer_in(&mut self, param: &Param, text: &str) -> Option<i128> {
        let number = parse_integer(text);
        if number.is_none() {
            self.fail(param, ParamProblem::Invalid);
        }
        number
    }

    /// A boolean; `None` if it is absent, null, empty or invalid (R38).
    pub fn boolean(&mut self, param: &Param) -> Option<bool> {
        const WORDS: [(bool, [&str; 6]); 2] = [
            (true, ["true", "t", "yes", "y", "on", "1"]),
            (false, ["false", "f", "no", "n", "off", "0"]),
        ];
        let text = self
            .text(param)
            .into_value()
            .filter(|text| !text.is_empty())?;
        // GitLab accepts the words in lower case, in upper case and capitalized.
        let (first, rest) = text.split_at_checked(1).unwrap_or((&text, ""));
        let rest_lower = rest.to_ascii_lowercase();
        let is_known_case = rest == rest_lower
            || (rest == rest.to_ascii_uppercase() && first == first.to_ascii_uppercase());
        let word = first.to_ascii_lowercase() + &rest_lower;
        let found = WORDS
            .iter()
            .find(|(_, words)| is_known_case && words.contains(&word.as_str()));
        if found.is_none() {
            self.fail(param, ParamProblem::Invalid);
        }
        found.map(|(value, _)| *value)
    }

    /// A date; "" counts as null (R12, R39).
    pub fn date(&mut self, param: &Param) -> Patch<Timestamp> {
        let text = match self.text(param) {
            Patch::Set(text) if text.is_empty() => Patch::Clear,
            text => text,
        };
        let date = text.try_map(|text| text.parse());
        date.unwrap_or_else(|_| {
            self.fail(param, ParamProblem::Invalid);
            Patch::Keep
        })
    }

    /// One of the parameter's words; the first one if it is absent or null (R38).
    pub fn word(&mut self, param: &Param) -> &'static str {
        let words = param.words();
        let first = words.first().copied().unwrap_or_default();
        let Some(text) = self.text(param).into_value() else {
            return first;
        };
        let found = words.iter().find(|word| **word == text);
        if found.is_none() {
            self.fail(param, ParamProblem::NoValidValue);
        }
        found.copied().unwrap_or(first)
    }

    /// Requires at least one of these parameters, with any value at all (C13).
    pub fn at_least_one_of(&mut self, params: &[Param]) {
        let names: Vec<&str> = params.iter().map(|param| param.name).collect();
        if params.iter().all(|param| self.value(param).is_none()) {
            self.fail_at(&names.join(", "), ParamProblem::AllMissing);
        }
    }

    /// The value that was read, if there is no error.
    ///
    /// # Errors
    ///
    /// All errors that were found.
    pub fn finish<T>(self, read: T) -> Result<T, ParamErrors> {
        if self.errors.is_empty() {
            Ok(read)
        } else {
            Err(ParamErrors(self.errors))
        }
    }
}

/// Ruby's `Integer(text, 10)`: surrounding white space, a sign, and single underscores between
/// digits (B8). A number beyond 128 bits becomes the largest or smallest one, because all that
/// matters is that it is out of range.
fn parse_integer(text: &str) -> Option<i128> {
    let text = text.trim_matches(|c: char| c.is_ascii_whitespace() || c == '\x0b');
    let (negative, digits) = match text.strip_prefix(['-', '+']) {
        Some(digits) => (text.starts_with('-'), digits),
        None => (false, text),
    };
    let groups_are_digits = digits
        .split('_')
        .all(|group| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit()));
    if !groups_are_digits {
        return None;
    }
    let magnitude = digits.replace('_', "").parse::<i128>().unwrap_or(i128::MAX);
    Some(if negative { -magnitude } else { magnitude })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::params::Kind;

    #[test]
    fn integers_are_read_as_ruby_reads_them() {
        for (text, number) in [
            ("010", 10),
            ("08", 8),
            ("+2", 2),
            (" 2 ", 2),
            ("1_0", 10),
            ("-1", -1),
            ("99999999999999999999", 99_999_999_999_999_999_999),
        ] {
            assert_eq!(parse_integer(text), Some(number), "{text}");
        }
        for text in [
            "abc", "1.5", "1e2", "0x10", "1__0", "_1", "1_", "", "-", "--1", "1 2",
        ] {
            assert_eq!(parse_integer(text), None, "{text}");
        }
    }

    #[test]
    fn booleans_are_words_in_one_of_three_cases() {
        let read = |text: &str| {
            let mut params = Params::default();
            params.set("b", text);
            let declared = [Param::query("b", Kind::Boolean, "A boolean.")];
            let mut checks = Checks::new(&params, &declared);
            let value = checks.boolean(&declared[0]);
            checks.finish(value).ok()
        };
        for text in [
            "true", "TRUE", "True", "t", "T", "yes", "Yes", "y", "ON", "1",
        ] {
            assert_eq!(read(text), Some(Some(true)), "{text}");
        }
        for text in ["false", "FALSE", "False", "f", "no", "NO", "n", "Off", "0"] {
            assert_eq!(read(text), Some(Some(false)), "{text}");
        }
        assert_eq!(read(""), Some(None));
        for text in ["tRue", "TRue", "trUE", "2", "maybe", "é", " true"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    /// The facts of an operation name every parameter that it reads.
    #[test]
    #[should_panic(expected = "b is read but not declared")]
    fn an_undeclared_parameter_cannot_be_read() {
        let params = Params::default();
        let undeclared = Param::query("b", Kind::Boolean, "A boolean.");
        Checks::new(&params, &[]).boolean(&undeclared);
    }
}
