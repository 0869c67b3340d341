//! What `filter` and `order_by` of a report say.

use std::cmp::Ordering;

use super::cell::{Cell, Row};
use super::table::{Report, Sort};
use crate::problem::Problem;

const LONGEST: usize = 1_000;

/// Conditions that must all hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Filter(Vec<Condition>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Condition {
    pub(super) column: usize,
    pub(super) operator: Operator,
    pub(super) value: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Is,
    IsNot,
    Less,
    Greater,
    Contains,
}

impl Operator {
    /// Those of two letters first.
    const ALL: [(&'static str, Self); 5] = [
        ("!=", Self::IsNot),
        ("=", Self::Is),
        ("<", Self::Less),
        (">", Self::Greater),
        ("~", Self::Contains),
    ];
}

impl Filter {
    pub(super) fn parse(report: Report, text: Option<&str>) -> Result<Self, Problem> {
        let Some(text) = text.filter(|text| !text.trim().is_empty()) else {
            return Ok(Self(Vec::new()));
        };
        if text.chars().count() > LONGEST || text.contains(char::is_control) {
            let wrong = "at most 1,000 characters, none of them control characters";
            return Err(Problem::parameter("filter", wrong));
        }
        let conditions = text.split(" and ").map(|part| condition(report, part));
        conditions.collect::<Result<_, _>>().map(Self)
    }

    pub(super) fn holds(&self, row: &Row) -> bool {
        self.0.iter().all(|condition| row.get(condition.column).is_some_and(|c| condition.holds(c)))
    }

    /// Both.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a row may pass of which only some columns are known.
    pub(super) fn may_hold(&self, row: &Row, known: &[bool]) -> bool {
        let holds = |condition: &Condition| {
            !known.get(condition.column).is_some_and(|known| *known)
                || row.get(condition.column).is_some_and(|cell| condition.holds(cell))
        };
        self.0.iter().all(holds)
    }

    pub(super) fn conditions(&self) -> &[Condition] {
        &self.0
    }
}

fn condition(report: Report, part: &str) -> Result<Condition, Problem> {
    let found = part.char_indices().find_map(|(at, _)| {
        let here = |(word, operator): &(&'static str, Operator)| {
            part[at..].starts_with(word).then_some((at, at + word.len(), *operator))
        };
        Operator::ALL.iter().find_map(here)
    });
    let Some((end, start, operator)) = found else {
        let wrong = format!(
            "`{part}` is no condition; `status=not_up_to_date and ring!=Broad` is right: a column, one \
             of = != < > ~, and a value"
        );
        return Err(Problem::parameter("filter", wrong));
    };
    let name = part[..end].trim();
    let column = report.column(name).ok_or_else(|| unknown("filter", report, name))?;
    Ok(Condition { column, operator, value: part[start..].trim().to_owned() })
}

fn unknown(parameter: &str, report: Report, name: &str) -> Problem {
    let names: Vec<&str> = report.columns().iter().map(|(name, _)| *name).collect();
    let wrong = format!("{} has no column {name:?}; it has {}", report.name(), names.join(", "));
    Problem::parameter(parameter, wrong)
}

impl Condition {
    pub(super) fn holds(&self, cell: &Cell) -> bool {
        match self.operator {
            Operator::Is => cell.compare(&self.value) == Some(Ordering::Equal),
            Operator::IsNot => cell.compare(&self.value) != Some(Ordering::Equal),
            // Nothing is neither less nor greater.
            Operator::Less | Operator::Greater if *cell == Cell::Empty => false,
            Operator::Less => cell.compare(&self.value) == Some(Ordering::Less),
            Operator::Greater => cell.compare(&self.value) == Some(Ordering::Greater),
            Operator::Contains => {
                cell.to_text().to_lowercase().contains(&self.value.to_lowercase())
            }
        }
    }
}

/// By which column rows are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Order(Option<(usize, bool)>);

impl Order {
    /// `column` or `column desc`. Devices come in the order of their ids, and in no other: sorting a
    /// million of them is what a spreadsheet or a database is for.
    pub(super) fn parse(report: Report, text: Option<&str>) -> Result<Self, Problem> {
        let Some(text) = text else { return Ok(Self(None)) };
        let (name, descends) = match text.trim().split_once(' ') {
            None => (text.trim(), false),
            Some((name, "asc")) => (name, false),
            Some((name, "desc")) => (name, true),
            Some(_) => {
                let wrong = "a column, and `asc` or `desc` behind it";
                return Err(Problem::parameter("order_by", wrong));
            }
        };
        let column = report.column(name).ok_or_else(|| unknown("order_by", report, name))?;
        match report.sort() {
            Sort::Devices(_) if name != "device_id" || descends => Err(Problem::parameter(
                "order_by",
                "devices come in order of device_id; export them to sort by something else",
            )),
            Sort::Devices(_) => Ok(Self(None)),
            Sort::Whole(_) => Ok(Self(Some((column, descends)))),
        }
    }

    pub(super) fn sort(self, rows: &mut [Row]) {
        let Some((column, descends)) = self.0 else { return };
        rows.sort_by(|one, other| {
            let order = one[column].order(&other[column]);
            if descends { order.reverse() } else { order }
        });
    }
}
