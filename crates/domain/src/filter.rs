//! Filters: which devices, as a condition in CEL, the Common Expression Language.
//!
//! `model.startsWith("Book") && build < 26100 && !("Kiosks" in groups)`
//!
//! A filter is checked whole before the first device: every name, every type, every function. What
//! would fail or silently be false for some devices is refused up front. Never runs longer than its
//! text and the lists of a device allow: no nested loops, no patterns, no lists that grow.

mod check;
mod record;
mod variables;
mod vocabulary;
mod words;

use std::sync::{Arc, LazyLock};

use cel::common::ast::IdedExpr;
use cel::context::VariableResolver;
use cel::{Context, Env, Value, extensions};

pub use record::RecordFilter;
pub use variables::{FilterDevice, Type, VARIABLES, Variable};
pub use vocabulary::Field;
use vocabulary::Vocabulary;

/// Characters a filter may have.
pub const MAX_LENGTH: usize = 2_000;

/// Levels of nesting a filter may have.
pub const MAX_DEPTH: u16 = 40;

/// The standard functions and those on texts; which of them a filter may use, `check` decides.
static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let mut env = Env::stdlib().with_optional_support(false);
    let added = env.add_extension(extensions::strings);
    debug_assert!(added.is_ok(), "nothing declares them before");
    Arc::new(env)
});

/// A condition on devices, checked.
#[derive(Debug, Clone)]
pub struct Filter {
    text: String,
    condition: IdedExpr,
}

/// Why a filter is refused, or could not be applied to a device.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    #[error("a filter needs a condition; this one is empty")]
    Empty,
    #[error("a filter may have 2,000 characters, this one has {0}")]
    TooLong(usize),
    #[error("a filter may nest 40 levels deep, this one nests deeper")]
    TooDeep,
    /// Where and why, over several lines.
    #[error("not a condition in CEL: {0}")]
    Syntax(String),
    #[error("there is no variable `{name}`; there are {known}")]
    UnknownVariable { name: String, known: String },
    #[error("there is no function `{name}`; there are {}", check::FUNCTIONS.join(", "))]
    UnknownFunction { name: String },
    #[error("`{what}` cannot be applied to {found}; it takes {takes}")]
    Types { what: String, found: String, takes: &'static str },
    #[error("`{name}` is never {word:?}; it knows {known}")]
    UnknownWord { name: String, word: String, known: String },
    /// RFC 3339 for a time, such as `2026-01-31T00:00:00Z`; hours, minutes, seconds for a length.
    #[error("this is no time such as \"2026-01-31T00:00:00Z\", or no length such as \"36h\": {0}")]
    NoTime(String),
    #[error("a filter cannot have {0}")]
    Unsupported(&'static str),
    #[error("`{name}` of `exists` or `all` is the name of a variable already")]
    Shadowed { name: String },
    #[error("a filter is true or false; this one is a value of type {0}")]
    NotACondition(Type),
    /// An overflow, for one; anything else is found when the filter is read.
    #[error("the filter fails here: {0}")]
    Evaluation(String),
}

impl Filter {
    /// Reads a filter and checks it. Every error but [`FilterError::Evaluation`] is found here.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        Self::read(text, Vocabulary::Devices)
    }

    fn read(text: &str, vocabulary: Vocabulary<'_>) -> Result<Self, FilterError> {
        let length = text.chars().count();
        if length > MAX_LENGTH {
            return Err(FilterError::TooLong(length));
        }
        let text = text.trim();
        if text.is_empty() {
            return Err(FilterError::Empty);
        }
        let condition = ENV
            .parser()
            .max_recursion_depth(MAX_DEPTH)
            .error_recovery_limit(1)
            .parse(text)
            .map_err(|errors| FilterError::Syntax(errors.to_string()))?;
        let found = check::check(&condition, vocabulary)?;
        if found == Type::Bool {
            Ok(Self { text: text.to_owned(), condition })
        } else {
            Err(FilterError::NotACondition(found))
        }
    }

    /// The text it was read from, without space around it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the filter is true of `device`. Looks up only the variables it names.
    pub fn matches(&self, device: &FilterDevice<'_>) -> Result<bool, FilterError> {
        self.holds(device)
    }

    fn holds(&self, of: &dyn VariableResolver) -> Result<bool, FilterError> {
        let mut context = Context::with_env(Arc::clone(&ENV));
        context.set_variable_resolver(of);
        let value = Value::resolve(&self.condition, &context)
            .map_err(|error| FilterError::Evaluation(error.to_string()))?;
        if let Value::Bool(found) = value {
            Ok(found)
        } else {
            Err(FilterError::Evaluation(format!("{value:?} is neither true nor false")))
        }
    }
}
