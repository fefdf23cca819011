//! Limits of the parameters, which keep the work for a request in proportion to its size (R82).

/// Largest number of nested arrays and objects. The body itself counts as one. It is Rack's limit
/// for forms.
const MAX_LEVELS: usize = 32;
/// Largest number of values in query string and body together.
pub(super) const MAX_VALUES: usize = 20_000;

/// A limit that the parameters of a request exceed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TooComplex {
    /// Arrays and objects are nested too deeply.
    #[error("The parameters have too many levels (maximum is {MAX_LEVELS})")]
    Levels,
    /// There are too many values.
    #[error("There are too many parameters (maximum is {MAX_VALUES} values)")]
    Values,
}

/// Counts the values of a request. Once a limit is exceeded, no further value is kept.
#[derive(Debug, Default)]
pub(super) struct Limits {
    values: usize,
    pub(super) exceeded: Option<TooComplex>,
}

impl Limits {
    /// Counts a value at this level, 1 for a value of the top level. `false` means that the value
    /// must be left out.
    pub(super) fn admit(&mut self, level: usize) -> bool {
        self.values += 1;
        if self.values > MAX_VALUES {
            self.exceeded.get_or_insert(TooComplex::Values);
        }
        if level > MAX_LEVELS {
            self.exceeded.get_or_insert(TooComplex::Levels);
        }
        self.exceeded.is_none()
    }
}
