//! What of a filter the database can look at first: [`Filter::holds`] stays what decides.
//!
//! Columns come in three sorts. Some are kept as they are shown: their conditions become those of a
//! [`Sieve`]. Some follow from what devices are counted by (ring, standing, build): a class of devices is
//! asked once, by the same code as a device. Of all others nothing is known before a device is read, but
//! that one without a reason has nothing in the columns of reasons.

use chrono::{DateTime, NaiveDate, NaiveTime, SecondsFormat, Utc};
use domain::attempt::AttemptState;
use domain::health::Bucket;
use domain::ids::DeviceId;
use domain::registration::{Reasons, Standing};
use store::fleet::{Line, Relation, Scene, Sieve, Test, Text};
use uuid::Uuid;

use super::cell::Cell;
use super::devices;
use super::query::{Condition, Filter, Operator};
use super::table::{Devices, Report};

/// Columns that follow from a class, in every report that has them.
const OF_CLASS: [&str; 10] = [
    "ring_set",
    "ring",
    "status",
    "build",
    "latest_revision",
    "readiness",
    "version",
    "in_service",
    "serviced_to",
    "target",
];
/// Columns that are empty where there is no reason.
const OF_REASON: [&str; 7] = ["reason", "owner", "why", "evidence", "since", "age_days", "fix"];

/// The conditions that are held against stored columns.
pub(super) fn sieve(report: Report, filter: &Filter) -> Sieve {
    let columns = report.columns();
    let tests = filter.conditions().iter().filter_map(|condition| {
        let (name, _) = columns.get(condition.column)?;
        test(name, condition)
    });
    Sieve { tests: tests.collect() }
}

fn test(column: &str, condition: &Condition) -> Option<Test> {
    let value = condition.value.as_str();
    let text = |text| Some(Test::Text(text, relation(condition.operator), value.to_owned()));
    match column {
        "device_id" => id(condition).map(Test::Device),
        "entra_device_id" => id(condition).map(Test::EntraDevice),
        "name" => text(Text::Name),
        "serial" => text(Text::Serial),
        "category" => text(Text::Category),
        "model" => text(Text::Model),
        "error_code" => code(condition),
        "client_state" => Some(Test::Attempt {
            states: AttemptState::ALL
                .into_iter()
                .filter(|state| condition.holds(&state.name().into()))
                .collect(),
            unknown: condition.holds(&Cell::Empty),
        }),
        "last_check_in" => heard(condition),
        _ => None,
    }
}

const fn relation(operator: Operator) -> Relation {
    match operator {
        Operator::Is => Relation::Is,
        Operator::IsNot => Relation::IsNot,
        Operator::Less => Relation::Less,
        Operator::Greater => Relation::Greater,
        Operator::Contains => Relation::Contains,
    }
}

/// Nothing is neither less nor greater, and a device without a code is not one with an empty code.
fn code(condition: &Condition) -> Option<Test> {
    match condition.operator {
        Operator::Less | Operator::Greater => None,
        Operator::Is | Operator::IsNot | Operator::Contains => {
            Some(Test::Text(Text::Code, relation(condition.operator), condition.value.clone()))
        }
    }
}

/// The id that is asked for, written as ids are.
fn id(condition: &Condition) -> Option<Uuid> {
    let id = Uuid::parse_str(&condition.value).ok()?;
    (condition.operator == Operator::Is && id.to_string() == condition.value).then_some(id)
}

/// Times are compared by their letters; where those are a day or a time, that is the order of times.
fn heard(condition: &Condition) -> Option<Test> {
    let value = condition.value.as_str();
    let day = NaiveDate::parse_from_str(value, "%Y-%m-%d").ok();
    let day = day
        .filter(|day| day.to_string() == value)
        .map(|day| day.and_time(NaiveTime::MIN).and_utc());
    let time = DateTime::parse_from_rfc3339(value).ok().map(|time| time.with_timezone(&Utc));
    let time = time.filter(|time| time.to_rfc3339_opts(SecondsFormat::Secs, true) == value);
    let at = day.or(time).filter(|_| value.starts_with(|letter: char| letter.is_ascii_digit()))?;
    match condition.operator {
        Operator::Less => Some(Test::HeardBefore(at)),
        Operator::Greater => Some(Test::HeardSince(at)),
        Operator::Is | Operator::IsNot | Operator::Contains => None,
    }
}

/// Whether a device of this class may pass.
pub(super) fn may_hold(
    (of, report): (Devices, Report),
    filter: &Filter,
    scene: &Scene,
    class: &Bucket,
) -> bool {
    match (of, class.standing) {
        (Devices::Ineligible, Some(Standing::Ready)) => return false,
        (Devices::Ineligible | Devices::Quality | Devices::Feature, _) => {}
    }
    // Of the one reason that it is counted by; columns that need all of them are not looked at.
    let reasons = Reasons(class.reason.map_or(0, |reason| 1 << reason.code()));
    let line = Line {
        id: DeviceId(Uuid::nil()),
        name: String::new(),
        entra_device: None,
        serial: String::new(),
        manufacturer: String::new(),
        model: String::new(),
        category: String::new(),
        build: class.build,
        last_sync: None,
        standing: class.standing.map(|standing| (standing, reasons)),
        long_term: class.long_term,
        standing_at: None,
        place: class.place,
        attempt: None,
    };
    let row = devices::row(line, scene, of);
    let columns = report.columns();
    let is_at = |name: &str| columns.iter().position(|(column, _)| *column == name);
    let has_reason = is_at("reason").is_some_and(|at| row.get(at) != Some(&Cell::Empty));
    let known: Vec<bool> = columns
        .iter()
        .map(|(name, _)| OF_CLASS.contains(name) || OF_REASON.contains(name) && !has_reason)
        .collect();
    filter.may_hold(&row, &known)
}
