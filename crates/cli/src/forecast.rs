//! When the rings of a rollout open and it is through, as lines.

use api_types::{Estimate, Expected, ExpectedState, Forecast};

use crate::client::Document;
use crate::failure::Failure;
use crate::output::{Form, Output, table, write_lines};
use crate::text;

pub(crate) fn show(output: Output, found: &Document<Forecast>) -> Result<(), Failure> {
    match output.form {
        Form::Table => write_lines(lines(&found.typed)),
        Form::Plain => write_lines(plain(&found.typed)),
        Form::Data(data) => data.document(&found.json),
    }
}

/// For people: local times of each ring, and UTC.
pub(crate) fn lines(forecast: &Forecast) -> Vec<String> {
    let rows = all(forecast).into_iter().map(|(what, name, estimate)| {
        vec![
            what.to_owned(),
            name,
            cell(&estimate.earliest),
            cell(&estimate.likely),
            utc(&estimate.likely),
        ]
    });
    let head = ["forecast", "of", "earliest", "likely", "likely (utc)"];
    let rows = table(&head, rows.collect());
    let mut lines: Vec<String> = rows.lines().map(str::to_owned).collect();
    lines.push(format!("likely dates are {}", forecast.pace.text));
    lines
}

/// For programs that read lines: `forecast`, what, ring, earliest and likely.
pub(crate) fn plain(forecast: &Forecast) -> Vec<String> {
    let one = |expected: &Expected| match expected.state {
        ExpectedState::At | ExpectedState::Past if expected.at.is_some() => utc(expected),
        ExpectedState::At | ExpectedState::Past => expected.text.clone(),
        ExpectedState::After | ExpectedState::Unknown => expected.text.clone(),
    };
    let each = all(forecast).into_iter().map(|(what, name, estimate)| {
        let (earliest, likely) = (one(&estimate.earliest), one(&estimate.likely));
        format!("forecast\t{what}\t{name}\t{earliest}\t{likely}")
    });
    each.collect()
}

fn all(forecast: &Forecast) -> Vec<(&'static str, String, &Estimate)> {
    let rings = forecast.rings.iter().flat_map(|ring| {
        [
            ("opens", ring.name.clone(), &ring.opens),
            ("last offer", ring.name.clone(), &ring.last_offer),
            ("gate passes", ring.name.clone(), &ring.gate_passes),
            ("95 % have it", ring.name.clone(), &ring.compliant),
        ]
    });
    let whole = [
        ("finished", "the rollout".to_owned(), &forecast.finished),
        ("95 % have it", "the rollout".to_owned(), &forecast.compliant),
    ];
    rings.chain(whole).collect()
}

fn cell(expected: &Expected) -> String {
    match (expected.state, &expected.local, expected.at) {
        (ExpectedState::At, Some(local), _) => text::local(local),
        (ExpectedState::At, None, Some(at)) => text::time(at),
        (ExpectedState::Past, _, Some(at)) => format!("done, {}", text::time(at)),
        (ExpectedState::At | ExpectedState::Past, _, None) => expected.text.clone(),
        (ExpectedState::After | ExpectedState::Unknown, ..) => expected.text.clone(),
    }
}

fn utc(expected: &Expected) -> String {
    text::maybe_time(expected.at)
}
