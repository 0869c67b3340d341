//! What a filter can ask of a device: one table, for the check, the answers, the documents and the API.

use std::fmt;

use cel::common::types::{CelBool, CelInt, CelList, CelString, CelTimestamp};
use cel::common::value::{CowVal, Val};
use cel::context::VariableResolver;
use chrono::{DateTime, Utc};

use crate::build::Build;
use crate::registration::facts::{Agent, Architecture, Join, Owner};
use crate::registration::{Reason, Reasons, Sort, Standing};

/// A type of values in filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    Text,
    Number,
    Bool,
    Time,
    /// Time between two times.
    Length,
    Texts,
    Numbers,
}

impl Type {
    /// Its name in CEL.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Text => "string",
            Self::Number => "int",
            Self::Bool => "bool",
            Self::Time => "timestamp",
            Self::Length => "duration",
            Self::Texts => "list(string)",
            Self::Numbers => "list(int)",
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// One device, as filters see it. Borrows everything, so that a fleet can be looked at row by row.
#[derive(Debug, Clone, Copy)]
pub struct FilterDevice<'a> {
    pub name: &'a str,
    pub manufacturer: &'a str,
    pub model: &'a str,
    pub serial: &'a str,
    pub build: Option<Build>,
    pub edition: &'a str,
    pub architecture: Architecture,
    pub owner: Owner,
    pub agent: Agent,
    pub join: Join,
    pub sort: Sort,
    pub category: &'a str,
    pub standing: Standing,
    pub reasons: Reasons,
    pub last_sync: Option<DateTime<Utc>>,
    /// The time that `inactive_days` counts to.
    pub now: DateTime<Utc>,
    /// The names of its ring and ring set; empty: in none.
    pub ring: &'a str,
    pub ring_set: &'a str,
    pub held: bool,
    pub excluded: bool,
    /// The names of its Entra groups.
    pub groups: &'a [String],
}

/// One variable.
#[derive(Clone, Copy)]
pub struct Variable {
    pub name: &'static str,
    pub of: Type,
    /// What it says, and what it is when nothing is known. A sentence for documents.
    pub meaning: &'static str,
    /// The words it is one of, or has some of; none: any text.
    pub words: &'static [&'static str],
    value: for<'a> fn(&'a FilterDevice<'a>) -> CowVal<'a, 'a>,
}

impl fmt::Debug for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.of)
    }
}

impl Variable {
    /// The variable of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        VARIABLES.iter().find(|variable| variable.name == name)
    }
}

const fn variable(
    name: &'static str,
    of: Type,
    value: for<'a> fn(&'a FilterDevice<'a>) -> CowVal<'a, 'a>,
    meaning: &'static str,
) -> Variable {
    Variable { name, of, meaning, words: &[], value }
}

/// A variable that is one of a few words.
const fn one_of(
    name: &'static str,
    words: &'static [&'static str],
    value: for<'a> fn(&'a FilterDevice<'a>) -> CowVal<'a, 'a>,
    meaning: &'static str,
) -> Variable {
    Variable { name, of: Type::Text, meaning, words, value }
}

/// The words of an enum, at compile time.
macro_rules! words {
    ($of:ident) => {{
        const WORDS: [&str; $of::ALL.len()] = {
            let mut words = [""; $of::ALL.len()];
            let mut at = 0;
            while at < words.len() {
                words[at] = $of::ALL[at].word();
                at += 1;
            }
            words
        };
        &WORDS
    }};
}

/// All variables, in the order in which documents list them. Each has its type for every device:
/// what is unknown is an empty text, 0, or the beginning of 1970, never null.
pub const VARIABLES: &[Variable] = &[
    variable("name", Type::Text, |d| text(d.name), "The device's name."),
    variable("manufacturer", Type::Text, |d| text(d.manufacturer), "Who made it."),
    variable("model", Type::Text, |d| text(d.model), "Its model."),
    variable("serial", Type::Text, |d| text(d.serial), "Its serial number."),
    variable(
        "os_build",
        Type::Text,
        |d| CowVal::owned(CelString::from(d.build.map_or_else(String::new, String::from))),
        "The full Windows build, such as \"10.0.26100.4061\"; to compare, use build and revision.",
    ),
    variable(
        "build",
        Type::Number,
        |d| number(d.build.map_or(0, |build| build.build.into())),
        "The third number of the Windows build, such as 26100; 0: unknown.",
    ),
    variable(
        "revision",
        Type::Number,
        |d| number(d.build.map_or(0, |build| build.revision.into())),
        "The last number of the Windows build, which quality updates raise, such as 4061.",
    ),
    variable(
        "edition",
        Type::Text,
        |d| text(d.edition),
        "The Windows edition as Intune names it, such as \"Enterprise\"; empty: unknown.",
    ),
    one_of("architecture", words!(Architecture), |d| text(d.architecture.word()), "Its processor."),
    one_of("owner", words!(Owner), |d| text(d.owner.word()), "Whose it is, says Intune."),
    one_of("agent", words!(Agent), |d| text(d.agent.word()), "Who manages it."),
    one_of("join", words!(Join), |d| text(d.join.word()), "How Entra knows it."),
    one_of("sort", words!(Sort), |d| text(d.sort.word()), "What sort of machine it is."),
    variable("category", Type::Text, |d| text(d.category), "Its Intune category; empty: none."),
    one_of("standing", words!(Standing), |d| text(d.standing.word()), "Whether it is served."),
    Variable {
        of: Type::Texts,
        ..one_of(
            "reasons",
            words!(Reason),
            |d| texts(d.reasons.iter().map(Reason::word)),
            "Why it is not ready; empty: it is.",
        )
    },
    variable(
        "last_sync",
        Type::Time,
        |d| CowVal::owned(CelTimestamp::from(last_sync(d).fixed_offset())),
        "Its last contact with Intune; the beginning of 1970: never.",
    ),
    variable(
        "inactive_days",
        Type::Number,
        |d| number(d.now.signed_duration_since(last_sync(d)).num_days().max(0)),
        "Whole days since its last contact with Intune; more than 20,000: never.",
    ),
    variable("ring", Type::Text, |d| text(d.ring), "The name of its ring; empty: in none."),
    variable("ring_set", Type::Text, |d| text(d.ring_set), "The name of its ring set."),
    variable("held", Type::Bool, |d| flag(d.held), "An administrator holds it."),
    variable("excluded", Type::Bool, |d| flag(d.excluded), "An administrator excluded it."),
    variable(
        "groups",
        Type::Texts,
        |d| texts(d.groups.iter().map(String::as_str)),
        "The names of its Entra groups that are read.",
    ),
];

fn text(text: &str) -> CowVal<'_, '_> {
    CowVal::owned(CelString::from(text))
}

fn number<'a>(number: i64) -> CowVal<'a, 'a> {
    CowVal::owned(CelInt::from(number))
}

fn flag<'a>(flag: bool) -> CowVal<'a, 'a> {
    CowVal::owned(CelBool::from(flag))
}

fn texts<'a>(texts: impl Iterator<Item = &'a str>) -> CowVal<'a, 'a> {
    let boxed = |text| -> Box<dyn Val + 'a> { Box::new(CelString::from(text)) };
    CowVal::owned(CelList::from(texts.map(boxed).collect::<Vec<_>>()))
}

fn last_sync(device: &FilterDevice<'_>) -> DateTime<Utc> {
    device.last_sync.unwrap_or(DateTime::UNIX_EPOCH)
}

impl VariableResolver for FilterDevice<'_> {
    fn resolve<'b>(&'b self, variable: &str) -> Option<CowVal<'b, 'b>> {
        Variable::named(variable).map(|variable| (variable.value)(self))
    }
}
