//! Limits of the parameters, which keep the work for a request in proportion to its size (R82).

use crate::http::param_error::{MAX_LEVELS, MAX_VALUES, TooComplex};

/// Counts the values of a request. Once a limit is exceeded, no further value is kept.
#[derive(Debug, Default)]
pub(super) struct Limits {
    values: usize,
    pub(super) exceeded: Option<TooComplex>,
}

impl Limits {
    /// Counts a value at this level, where 1 is the top level. `false` means that the value must be
    /// left out.
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
