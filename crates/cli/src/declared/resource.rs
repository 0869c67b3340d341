//! Documents that say how one thing of the API shall be, in the API's own words but for names in place of
//! ids: budgets, version floors, strategies, signals, rules, freezes, holidays.

use std::fmt::Write as _;

use chrono::{DateTime, Days, NaiveDate, Utc};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Map, Value, json};

use super::documents::Document;
use crate::failure::Failure;

/// One thing that shall be so.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Resource {
    pub(crate) sort: Sort,
    /// What it is known by; of what there is one of, its kind.
    pub(crate) name: String,
    /// The body that makes it so, without the id of `ring_set`.
    pub(crate) body: Value,
    pub(crate) ring_set: Option<String>,
    /// What is compared with what there is.
    pub(crate) view: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    Budget,
    VersionFloors,
    Strategies,
    Signal,
    Rule,
    Freeze,
    Holidays,
}

impl Sort {
    pub(crate) const ALL: [Self; 7] = [
        Self::Budget,
        Self::VersionFloors,
        Self::Strategies,
        Self::Signal,
        Self::Rule,
        Self::Freeze,
        Self::Holidays,
    ];

    pub(crate) const fn kind(self) -> &'static str {
        match self {
            Self::Budget => "Budget",
            Self::VersionFloors => "VersionFloors",
            Self::Strategies => "Strategies",
            Self::Signal => "Signal",
            Self::Rule => "Rule",
            Self::Freeze => "Freeze",
            Self::Holidays => "Holidays",
        }
    }

    /// Its path behind the tenant's.
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::Budget => "budget",
            Self::VersionFloors => "version-floors",
            Self::Strategies => "strategies",
            Self::Signal => "signals",
            Self::Rule => "rules",
            Self::Freeze => "freezes",
            Self::Holidays => "holidays",
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Budget {
    #[serde(rename = "kind")]
    _kind: IgnoredAny,
    devices: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Floors {
    #[serde(rename = "kind")]
    _kind: IgnoredAny,
    builds: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Freeze {
    #[serde(rename = "kind")]
    _kind: IgnoredAny,
    reason: String,
    #[serde(default)]
    ring_set: Option<String>,
    #[serde(default)]
    ring: Option<String>,
    #[serde(default)]
    from: Option<DateTime<Utc>>,
    #[serde(default)]
    until: Option<DateTime<Utc>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Holidays {
    #[serde(rename = "kind")]
    _kind: IgnoredAny,
    name: String,
    days: Vec<Day>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Day {
    name: String,
    #[serde(rename = "first_day")]
    first: NaiveDate,
    /// The same day if not given.
    #[serde(default, rename = "last_day")]
    last: Option<NaiveDate>,
}

pub(super) fn read(sort: Sort, document: &Document) -> Result<Resource, Failure> {
    match sort {
        Sort::Budget => {
            let Budget { devices, .. } = document.parse()?;
            let body = json!({ "devices": devices });
            Ok(single(sort, body))
        }
        Sort::VersionFloors => {
            let Floors { builds, .. } = document.parse()?;
            Ok(single(sort, json!({ "builds": builds })))
        }
        Sort::Strategies => {
            let (fields, _) = fields(document)?;
            let body = completed::<api_types::ChooseStrategies>(document, fields)?;
            // A kind that is not given is delivered as usual, whatever was chosen before.
            let view = json!({ "chosen": body });
            Ok(Resource { view, ..single(sort, body) })
        }
        Sort::Signal => signal(document),
        Sort::Rule => rule(document),
        Sort::Freeze => Ok(freeze(document.parse()?)),
        Sort::Holidays => holidays(document, document.parse()?),
    }
}

fn single(sort: Sort, body: Value) -> Resource {
    let name = "of the tenant".to_owned();
    Resource { sort, name, ring_set: None, view: body.clone(), body }
}

/// The fields of a document as those of a body of the API: without its kind, and without the name of the
/// ring set.
fn fields(document: &Document) -> Result<(Map<String, Value>, Option<String>), Failure> {
    let mut fields: Map<String, Value> = document.parse()?;
    fields.remove("kind");
    let ring_set = match fields.remove("ring_set") {
        None => None,
        Some(Value::String(name)) => Some(name),
        Some(_) => return Err(document.place().wrong("`ring_set` is the name of a ring set")),
    };
    Ok((fields, ring_set))
}

/// As the API reads it, with everything that is not said filled in.
fn completed<T: DeserializeOwned + serde::Serialize>(
    document: &Document,
    fields: Map<String, Value>,
) -> Result<Value, Failure> {
    let whole: T = serde_json::from_value(Value::Object(fields))
        .map_err(|error| document.place().wrong(&error.to_string()))?;
    serde_json::to_value(whole).map_err(|error| Failure::Failed(error.to_string()))
}

fn signal(document: &Document) -> Result<Resource, Failure> {
    let (fields, ring_set) = fields(document)?;
    if fields.contains_key("secret") {
        let why = "a secret stands in no file; `concentric signal` takes it from one of its own";
        return Err(document.place().wrong(why));
    }
    let body = completed::<api_types::CreateSignal>(document, fields)?;
    let mut view = body.clone();
    if let Value::Object(view) = &mut view {
        view.remove("forget_secret");
        // What the service chooses is no difference.
        view.retain(|_, value| !value.is_null());
    }
    Ok(Resource { sort: Sort::Signal, name: name_in(&body), ring_set, view, body })
}

fn rule(document: &Document) -> Result<Resource, Failure> {
    let (mut fields, ring_set) = fields(document)?;
    let Some(ring_set) = ring_set else {
        return Err(document.place().wrong("`ring_set` is missing"));
    };
    // `kind` says what the document is.
    let Some(updates) = fields.remove("updates") else {
        let why = "`updates` is missing: quality, feature, driver, edge or microsoft_365_apps";
        return Err(document.place().wrong(why));
    };
    fields.insert("kind".to_owned(), updates);
    fields.insert("ring_set_id".to_owned(), json!(uuid::Uuid::nil()));
    let mut body = completed::<api_types::CreateRule>(document, fields)?;
    if let Value::Object(body) = &mut body {
        body.remove("ring_set_id");
    }
    let name = name_in(&body);
    Ok(Resource { sort: Sort::Rule, name, ring_set: Some(ring_set), view: body.clone(), body })
}

fn name_in(body: &Value) -> String {
    body["name"].as_str().unwrap_or_default().to_owned()
}

fn freeze(of: Freeze) -> Resource {
    let Freeze { reason, ring_set, ring, from, until, .. } = of;
    let mut body = json!({ "reason": reason, "ring": ring, "from": from, "until": until });
    if let Value::Object(body) = &mut body {
        body.retain(|_, value| !value.is_null());
    }
    Resource { sort: Sort::Freeze, name: reason, ring_set, view: body.clone(), body }
}

fn holidays(document: &Document, of: Holidays) -> Result<Resource, Failure> {
    let mut ics = String::from("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Concentric//EN\r\n");
    let mut shown = Vec::new();
    for day in of.days {
        let last = day.last.unwrap_or(day.first);
        // The end of an event of whole days is the day after it (RFC 5545, 3.6.1).
        let end = last.checked_add_days(Days::new(1)).filter(|_| last >= day.first);
        let Some(end) = end else {
            let why = format!("{}: it ends before it begins", day.name);
            return Err(document.place().wrong(&why));
        };
        let (uid, name) = (shown.len(), text(&day.name));
        // Writing to a string cannot fail.
        let _ = write!(
            ics,
            "BEGIN:VEVENT\r\nUID:{uid}@concentric\r\nDTSTAMP:20000101T000000Z\r\nSUMMARY:{name}\r\n\
             DTSTART;VALUE=DATE:{}\r\nDTEND;VALUE=DATE:{}\r\nEND:VEVENT\r\n",
            day.first.format("%Y%m%d"),
            end.format("%Y%m%d"),
        );
        shown.push(json!({ "name": day.name, "first_day": day.first, "last_day": last }));
    }
    ics.push_str("END:VCALENDAR\r\n");
    shown.sort_by_key(|day| day["first_day"].as_str().map(str::to_owned));
    Ok(Resource {
        sort: Sort::Holidays,
        body: json!({ "name": of.name, "ics": ics }),
        view: json!({ "holidays": shown }),
        name: of.name,
        ring_set: None,
    })
}

/// A text of iCalendar (RFC 5545, 3.3.11).
fn text(plain: &str) -> String {
    let mut text = String::with_capacity(plain.len());
    for character in plain.chars() {
        match character {
            '\\' | ';' | ',' => {
                text.push('\\');
                text.push(character);
            }
            '\n' => text.push_str("\\n"),
            other if other.is_control() => {}
            other => text.push(other),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::documents;
    use super::*;

    fn of(text: &str) -> Result<Resource, String> {
        let documents = documents::split("f", text);
        let kind: Map<String, Value> = documents[0].parse().map_err(|error| error.brief())?;
        let is_it = |sort: &Sort| kind["kind"] == sort.kind();
        let sort = Sort::ALL.into_iter().find(is_it).expect("a kind");
        read(sort, &documents[0]).map_err(|error| error.brief())
    }

    #[test]
    fn days_become_a_calendar() {
        let text = "kind: Holidays\nname: Oslo\ndays:\n- {name: 'Jul; og slikt', first_day: 2026-12-24, last_day: 2026-12-26}\n- {name: 1. mai, first_day: 2026-05-01}\n";
        let oslo = of(text).expect("it is one");
        let ics = oslo.body["ics"].as_str().expect("text");
        assert!(ics.contains("SUMMARY:Jul\\; og slikt\r\n"), "{ics}");
        assert!(
            ics.contains("DTSTART;VALUE=DATE:20261224\r\nDTEND;VALUE=DATE:20261227\r\n"),
            "{ics}"
        );
        assert!(ics.contains("DTEND;VALUE=DATE:20260502\r\n"), "{ics}");
        let shown = oslo.view["holidays"].as_array().expect("a list");
        assert_eq!(
            (shown[0]["name"].as_str(), shown.len()),
            (Some("1. mai"), 2),
            "in order of time"
        );
        let wrong = of(
            "kind: Holidays\nname: x\ndays: [{name: y, first_day: 2026-05-02, last_day: 2026-05-01}]",
        );
        assert!(wrong.expect_err("refused").contains("ends before it begins"));
    }

    #[test]
    fn a_rule_says_the_updates_it_is_for() {
        let rule =
            of("kind: Rule\nname: Monthly\nring_set: Default\nupdates: quality\ndelay_days: 2");
        let rule = rule.expect("it is one");
        assert_eq!(
            (rule.body["kind"].as_str(), rule.ring_set.as_deref()),
            (Some("quality"), Some("Default"))
        );
        for (text, what) in [
            ("kind: Rule\nname: Monthly\nring_set: Default", "updates"),
            ("kind: Rule\nname: Monthly\nupdates: quality", "ring_set"),
            ("kind: Rule\nname: Monthly\nring_set: Default\nupdates: weather", "weather"),
            ("kind: Signal\nname: VPN\nsecret: hush", "a secret stands in no file"),
            ("kind: Budget\ndevices: -1", "f:2"),
            ("kind: VersionFloors\nbuild: []", "f:2"),
        ] {
            let said = of(text).expect_err(text);
            assert!(said.contains(what), "{text}: {said}");
        }
    }
}
