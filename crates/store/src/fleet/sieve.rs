//! Conditions on devices that PostgreSQL looks at before we do.
//!
//! A sieve lets through every device that the caller would take, and some that it would not: the caller looks
//! again at each. So nothing here has to say exactly what a filter says, as long as it never says less.
//! What people wrote goes to PostgreSQL as parameters; COPY takes none, so they are settings of the
//! transaction that the statement reads. Numbers and ids are written by their types.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use chrono::{DateTime, SecondsFormat, Utc};
use domain::attempt::AttemptState;
use domain::build::Build;
use domain::health::Bucket;
use domain::ids::RingSetId;
use domain::registration::Standing;
use domain::ring::RingIndex;
use uuid::Uuid;

use crate::convert::{ring_column, standing_column};

/// More alternatives than this are looked at for every device for less than they keep out.
const MOST_BUILDS: usize = 100;

/// A text that is kept as people see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Text {
    Name,
    Serial,
    Category,
    /// With the manufacturer before it, or without.
    Model,
    /// What a failed device reported.
    Code,
}

/// How a text is held against another: by bytes, but for `Contains`, which takes no notice of case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    Is,
    IsNot,
    Less,
    Greater,
    Contains,
}

/// One condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    Text(Text, Relation, String),
    Device(Uuid),
    EntraDevice(Uuid),
    /// Last heard of at this time or later.
    HeardSince(DateTime<Utc>),
    /// Last heard of before this time.
    HeardBefore(DateTime<Utc>),
    /// Where the device stands in its rollout; `unknown`: also those without one.
    Attempt {
        states: Vec<AttemptState>,
        unknown: bool,
    },
}

/// Conditions that must all hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sieve {
    pub tests: Vec<Test>,
}

impl Sieve {
    /// Whether it picks devices by an id, so that nobody else is looked at.
    pub(super) fn names_devices(&self) -> bool {
        self.tests.iter().any(|test| matches!(test, Test::Device(_) | Test::EntraDevice(_)))
    }
}

/// A condition as SQL, and what it is given.
#[derive(Debug, Default)]
pub(super) struct Sql {
    pub(super) conditions: String,
    /// The value of the setting [`setting`] of each number.
    pub(super) values: Vec<String>,
}

/// The setting that carries a value into a statement.
pub(super) fn setting(number: usize) -> String {
    format!("concentric.sieve_{number}")
}

impl Sql {
    fn and(&mut self, condition: std::fmt::Arguments<'_>) {
        // A text takes whatever is written to it.
        let _ = write!(self.conditions, " and ({condition})");
    }

    fn value(&mut self, value: &str) -> String {
        let setting = setting(self.values.len());
        self.values.push(value.to_owned());
        format!("current_setting('{setting}')")
    }

    pub(super) fn of(sieve: &Sieve, kept: &Kept) -> Self {
        let mut sql = Self::default();
        for test in &sieve.tests {
            sql.test(test);
        }
        if let Some(builds) = kept.builds() {
            sql.and(format_args!("{builds}"));
        }
        sql.and(format_args!("{}", kept.places()));
        sql
    }

    fn test(&mut self, test: &Test) {
        match test {
            Test::Text(column, relation, value) => self.text(*column, *relation, value),
            Test::Device(id) => self.and(format_args!("d.id = '{id}'")),
            Test::EntraDevice(id) => self.and(format_args!("d.entra_device_id = '{id}'")),
            // As text, which filters compare, years of five digits are in no order.
            Test::HeardSince(at) => self.and(format_args!(
                "d.last_sync >= '{}' or d.last_sync < '0001-01-01Z'",
                at.to_rfc3339_opts(SecondsFormat::Secs, true)
            )),
            Test::HeardBefore(at) => self.and(format_args!(
                "d.last_sync < '{}' or d.last_sync >= '10000-01-01Z'",
                at.to_rfc3339_opts(SecondsFormat::Secs, true)
            )),
            Test::Attempt { states, unknown } => {
                let codes = states.iter().map(|state| state.code().to_string());
                let codes = codes.collect::<Vec<_>>().join(", ");
                let codes = if codes.is_empty() { "null".to_owned() } else { codes };
                let or = if *unknown { " or a.state is null or a.state_at is null" } else { "" };
                self.and(format_args!("a.state in ({codes}){or}"));
            }
        }
    }

    fn text(&mut self, text: Text, relation: Relation, value: &str) {
        let value = self.value(value);
        let column = match text {
            Text::Name => "d.name",
            Text::Serial => "d.serial",
            Text::Category => "d.category",
            Text::Code => "coalesce(a.code, '')",
            Text::Model => "d.manufacturer || ' ' || d.model",
        };
        match (text, relation) {
            (Text::Model, Relation::Is) => {
                self.and(format_args!("d.model = {value} or {column} = {value}"));
            }
            // With and without its maker: neither says something of the other.
            (Text::Model, Relation::IsNot | Relation::Less | Relation::Greater) => {}
            (_, Relation::Is) => self.and(format_args!("{column} = {value}")),
            (_, Relation::IsNot) => self.and(format_args!("{column} <> {value}")),
            (_, Relation::Less) => self.and(format_args!("{column} collate \"C\" < {value}")),
            (_, Relation::Greater) => self.and(format_args!("{column} collate \"C\" > {value}")),
            // Letters beyond ASCII have their case from Unicode, which PostgreSQL may not know.
            (_, Relation::Contains) => self.and(format_args!(
                "strpos(lower({column} collate \"C\"), lower({value} collate \"C\")) > 0 \
                 or octet_length({column}) <> char_length({column}) \
                 or octet_length({value}) <> char_length({value})"
            )),
        }
    }
}

/// Of Windows: major, minor, build.
type Version = (u32, u32, u32);

/// Which of the classes that devices are counted by may hold what is looked for.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// By standing and by the version of Windows, the revisions of it; none: builds that are not known.
    of_devices: BTreeMap<(Option<i16>, Option<Version>), BTreeSet<u32>>,
    placed: BTreeMap<RingSetId, BTreeSet<RingIndex>>,
    is_unplaced: bool,
}

impl Kept {
    pub(super) fn add(&mut self, class: &Bucket) {
        self.device(class.standing, class.build);
        match class.place {
            Some((set, ring)) => {
                self.placed.entry(set).or_default().insert(ring);
            }
            None => self.is_unplaced = true,
        }
    }

    fn device(&mut self, standing: Option<Standing>, build: Option<Build>) {
        let version = build.map(|build| (build.major, build.minor, build.build));
        let key = (standing.map(standing_column), version);
        self.of_devices.entry(key).or_default().extend(build.map(|build| build.revision));
    }

    /// Of a device. None: there are too many to be worth it.
    fn builds(&self) -> Option<String> {
        let one = |((standing, version), revisions): (&(Option<i16>, _), &BTreeSet<u32>)| {
            let standing = match standing {
                Some(code) => format!("d.standing = {code}"),
                None => "d.standing is null".to_owned(),
            };
            match version {
                Some((major, minor, build)) => {
                    let revisions = numbers(revisions.iter().copied());
                    format!(
                        "({standing} and d.os_build = {build} and d.os_revision in ({revisions}) \
                         and d.os_major = {major} and d.os_minor = {minor})"
                    )
                }
                None => format!(
                    "({standing} and (d.os_major is null or d.os_minor is null \
                     or d.os_build is null or d.os_revision is null))"
                ),
            }
        };
        let all = self.of_devices.iter().map(one).collect::<Vec<_>>();
        match all.len() {
            0 => Some("false".to_owned()),
            1..=MOST_BUILDS => Some(all.join(" or ")),
            _ => None,
        }
    }

    /// Of where it is.
    fn places(&self) -> String {
        let of_sets = self.placed.iter().map(|(set, rings)| {
            let rings = numbers(rings.iter().map(|ring| ring_column(*ring)));
            format!("(m.ring_set_id = '{set}' and m.ring in ({rings}))")
        });
        let unplaced = self.is_unplaced.then(|| "m.ring_set_id is null".to_owned());
        let all = of_sets.chain(unplaced).collect::<Vec<_>>();
        if all.is_empty() { "false".to_owned() } else { all.join(" or ") }
    }
}

fn numbers<T: ToString>(numbers: impl Iterator<Item = T>) -> String {
    numbers.map(|number| number.to_string()).collect::<Vec<_>>().join(", ")
}
