//! The names that a filter may use: the variables of devices, or the fields of some other record.

use super::FilterError;
use super::variables::{Type, VARIABLES, Variable};

/// A field of records that are filtered. A part of a field has the name of both: `phase.name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    pub name: String,
    pub of: Type,
    /// The words it is one of; none: any text.
    pub words: Vec<String>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Vocabulary<'a> {
    Devices,
    Records(&'a [Field]),
}

impl<'a> Vocabulary<'a> {
    pub(super) fn type_of(self, name: &str) -> Option<Type> {
        match self {
            Self::Devices => Variable::named(name).map(|variable| variable.of),
            Self::Records(fields) => {
                fields.iter().find(|field| field.name == name).map(|field| field.of)
            }
        }
    }

    /// The words a variable is one of; none: any text.
    pub(super) fn words_of(self, name: &str) -> Vec<&'a str> {
        match self {
            Self::Devices => {
                Variable::named(name).map_or(Vec::new(), |variable| variable.words.to_vec())
            }
            Self::Records(fields) => {
                let field = fields.iter().find(|field| field.name == name);
                let words = field.map_or(&[][..], |field| &field.words);
                words.iter().map(String::as_str).collect()
            }
        }
    }

    pub(super) fn unknown(self, name: String) -> FilterError {
        let known: Vec<&str> = match self {
            Self::Devices => VARIABLES.iter().map(|variable| variable.name).collect(),
            Self::Records(fields) => fields.iter().map(|field| field.name.as_str()).collect(),
        };
        FilterError::UnknownVariable { name, known: known.join(", ") }
    }
}
