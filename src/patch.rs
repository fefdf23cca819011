//! [`Patch`]: an attribute as a request contains it.

/// A client leaves an attribute out, sends null, or sends a value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Patch<T> {
    /// The attribute was not sent: an update keeps its value (I2).
    #[default]
    Keep,
    /// The attribute was sent as null: an update removes its value.
    Clear,
    /// The attribute was sent with a value.
    Set(T),
}

impl<T> Patch<T> {
    /// The value of a new attribute: `None` unless it was sent with a value.
    pub fn into_value(self) -> Option<T> {
        self.apply(None)
    }

    /// The value after an update of an optional attribute that had the value `before`.
    pub fn apply(self, before: Option<T>) -> Option<T> {
        self.apply_with(before, |sent| sent)
    }

    /// The value after an update: `before` if the attribute was not sent, and otherwise the result
    /// of `read` for the value that was sent, which is `None` for null.
    pub fn apply_with<U>(self, before: U, read: impl FnOnce(Option<T>) -> U) -> U {
        match self {
            Self::Keep => before,
            Self::Clear => read(None),
            Self::Set(value) => read(Some(value)),
        }
    }

    /// The value that was sent, if there is one.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Keep | Self::Clear => None,
            Self::Set(value) => Some(value),
        }
    }

    /// The attribute with another value, if it was sent with one.
    ///
    /// # Errors
    ///
    /// That of `read`.
    pub fn try_map<U, E>(self, read: impl FnOnce(T) -> Result<U, E>) -> Result<Patch<U>, E> {
        Ok(match self {
            Self::Keep => Patch::Keep,
            Self::Clear => Patch::Clear,
            Self::Set(value) => Patch::Set(read(value)?),
        })
    }

    /// The value of this attribute, or else that of its alias. If neither has a value, null if either
    /// was sent as null (C21).
    #[must_use]
    pub fn or(self, alias: Self) -> Self {
        match (self, alias) {
            (Self::Set(value), _) | (_, Self::Set(value)) => Self::Set(value),
            (Self::Keep, Self::Keep) => Self::Keep,
            (Self::Clear, _) | (_, Self::Clear) => Self::Clear,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Patch::{self, Clear, Keep, Set};

    #[test]
    fn only_null_falls_back_to_the_alias() {
        assert_eq!(Clear.or(Set("/abc")), Set("/abc"));
        assert_eq!(Set("").or(Set("/abc")), Set(""));
        assert_eq!(Patch::<&str>::Clear.or(Keep), Clear);
    }

    #[test]
    fn an_update_keeps_clears_or_sets_a_value() {
        for (patch, after) in [(Keep, Some(1)), (Clear, None), (Set(2), Some(2))] {
            assert_eq!(patch.apply(Some(1)), after);
        }
    }
}
