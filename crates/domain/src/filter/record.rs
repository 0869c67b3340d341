//! Filters on records other than devices, in the same language: on the fields that a list shows.

use std::collections::HashMap;

use cel::common::types::{CelBool, CelInt, CelList, CelMap, CelMapKey, CelString, CelTimestamp};
use cel::common::value::{CowVal, Val};
use cel::context::VariableResolver;
use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::variables::Type;
use super::vocabulary::{Field, Vocabulary};
use super::{Filter, FilterError};

/// A condition on records, checked against their fields.
#[derive(Debug, Clone)]
pub struct RecordFilter {
    filter: Filter,
    fields: Vec<Field>,
}

impl RecordFilter {
    /// As [`Filter::parse`], with `fields` for variables.
    pub fn parse(text: &str, fields: &[Field]) -> Result<Self, FilterError> {
        let filter = Filter::read(text, Vocabulary::Records(fields))?;
        Ok(Self { filter, fields: fields.to_vec() })
    }

    /// Whether it is true of `record`. What the record does not have is an empty text or list, 0, false, or
    /// the beginning of 1970.
    pub fn matches(&self, record: &Map<String, Value>) -> Result<bool, FilterError> {
        let record = Record { record, fields: &self.fields };
        self.filter.holds(&record)
    }
}

struct Record<'a> {
    record: &'a Map<String, Value>,
    fields: &'a [Field],
}

impl VariableResolver for Record<'_> {
    fn resolve<'b>(&'b self, variable: &str) -> Option<CowVal<'b, 'b>> {
        let given = self.record.get(variable).unwrap_or(&Value::Null);
        if let Some(field) = self.fields.iter().find(|field| field.name == variable) {
            return Some(value(field.of, given));
        }
        let parts = self.fields.iter().filter_map(|field| {
            let part = field.name.strip_prefix(variable)?.strip_prefix('.')?;
            let value = boxed(field.of, given.get(part).unwrap_or(&Value::Null));
            Some((CelMapKey::from(part), value))
        });
        let parts: HashMap<_, _> = parts.collect();
        (!parts.is_empty()).then(|| CowVal::owned(CelMap::from(parts)))
    }
}

fn value(of: Type, value: &Value) -> CowVal<'_, '_> {
    CowVal::from(boxed(of, value))
}

fn boxed<'a>(of: Type, value: &'a Value) -> Box<dyn Val + 'a> {
    match of {
        Type::Text => Box::new(CelString::from(value.as_str().unwrap_or_default())),
        Type::Number => Box::new(CelInt::from(value.as_i64().unwrap_or_default())),
        Type::Bool => Box::new(CelBool::from(value.as_bool().unwrap_or_default())),
        Type::Time => Box::new(CelTimestamp::from(time(value).fixed_offset())),
        // No record has a length of time; there is nothing it could be.
        Type::Length => Box::new(CelInt::from(0)),
        Type::Texts => list(value, |one| {
            one.as_str().map(|text| -> Box<dyn Val + 'a> { Box::new(CelString::from(text)) })
        }),
        Type::Numbers => list(value, |one| {
            one.as_i64().map(|number| -> Box<dyn Val + 'a> { Box::new(CelInt::from(number)) })
        }),
    }
}

fn time(value: &Value) -> DateTime<Utc> {
    let given = value.as_str().and_then(|text| text.parse().ok());
    given.unwrap_or(DateTime::UNIX_EPOCH)
}

fn list<'a>(
    value: &'a Value,
    of: impl Fn(&'a Value) -> Option<Box<dyn Val + 'a>>,
) -> Box<dyn Val + 'a> {
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    Box::new(CelList::from(items.iter().filter_map(of).collect::<Vec<_>>()))
}
