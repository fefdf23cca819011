//! The values of parameters.

use std::collections::BTreeMap;

/// The value of one parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// JSON's null, or a parameter without `=`.
    Null,
    /// Text; numbers and booleans of a JSON body are text too (C15).
    Text(String),
    /// An array.
    Array(Vec<Value>),
    /// An object.
    Object(Object),
    /// An uploaded file, which no parameter here accepts (C15).
    File,
}

/// The members of an object by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Object(Members);

/// A map takes 600 bytes even for a single member, and a body of 64 KiB can contain 10,000 objects
/// of one member. Therefore few members are kept in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Members {
    /// At most [`FEW`] members, in the order of their names.
    Few(Vec<(String, Value)>),
    /// More than [`FEW`] members.
    Many(BTreeMap<String, Value>),
}

/// Largest number of members in a list.
const FEW: usize = 8;

impl Default for Members {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

impl Object {
    /// The value of this member.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        match &self.0 {
            Members::Few(members) => position(members, name).ok().map(|at| &members[at].1),
            Members::Many(members) => members.get(name),
        }
    }

    /// Sets a member, and replaces its former value.
    pub fn insert(&mut self, name: String, value: Value) {
        *self.get_or_insert(name, Value::Null) = value;
    }

    /// The value of this member, which is set to `default` if it is absent.
    pub fn get_or_insert(&mut self, name: String, default: Value) -> &mut Value {
        if let Members::Few(members) = &mut self.0
            && members.len() == FEW
            && position(members, &name).is_err()
        {
            self.0 = Members::Many(members.drain(..).collect());
        }
        match &mut self.0 {
            Members::Few(members) => {
                let at = position(members, &name).unwrap_or_else(|at| {
                    members.reserve_exact(1);
                    members.insert(at, (name, default));
                    at
                });
                &mut members[at].1
            }
            Members::Many(members) => members.entry(name).or_insert(default),
        }
    }

    /// Removes a member and returns its value.
    pub fn remove(&mut self, name: &str) -> Option<Value> {
        match &mut self.0 {
            Members::Few(members) => position(members, name).ok().map(|at| members.remove(at).1),
            Members::Many(members) => members.remove(name),
        }
    }

    /// Sets these members, and replaces their former values.
    pub fn extend(&mut self, other: Self) {
        if self.is_empty() {
            *self = other;
            return;
        }
        let (few, many) = match other.0 {
            Members::Few(members) => (members, BTreeMap::new()),
            Members::Many(members) => (Vec::new(), members),
        };
        for (name, value) in few.into_iter().chain(many) {
            self.insert(name, value);
        }
    }

    /// The members in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &Value)> {
        let (few, many) = match &self.0 {
            Members::Few(members) => (members.as_slice(), None),
            Members::Many(members) => (&[][..], Some(members)),
        };
        let few = few.iter().map(|(name, value)| (name, value));
        few.chain(many.into_iter().flatten())
    }

    /// Whether there are no members.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(&self.0, Members::Few(members) if members.is_empty())
    }
}

/// The position of a member, or as an error the one at which to insert it.
fn position(members: &[(String, Value)], name: &str) -> Result<usize, usize> {
    members.binary_search_by(|(other, _)| other.as_str().cmp(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_keeps_its_members_in_order_whatever_their_number() {
        for count in [0, 1, FEW - 1, FEW, FEW + 1, 100] {
            let mut object = Object::default();
            for number in (0..count).rev() {
                object.insert(format!("{number:03}"), Value::Null);
                object.insert(format!("{number:03}"), Value::Text(number.to_string()));
            }
            let names: Vec<&String> = object.iter().map(|(name, _)| name).collect();
            let expected: Vec<String> = (0..count).map(|number| format!("{number:03}")).collect();
            assert_eq!(names, expected.iter().collect::<Vec<_>>());
            assert_eq!(object.is_empty(), count == 0);
            assert_eq!(object.get("x"), None);
            for (number, name) in expected.iter().enumerate() {
                let value = Value::Text(number.to_string());
                assert_eq!(object.get(name), Some(&value));
                let kept = object.get_or_insert(name.clone(), Value::File);
                assert_eq!(*kept, value);
                assert_eq!(object.remove(name), Some(value));
            }
            assert_eq!(object.iter().count(), 0);
        }
    }
}
