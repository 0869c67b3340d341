//! Rows as JSON objects.

use std::collections::BTreeMap;

use chrono::SecondsFormat;
use serde_json::Value;

use super::cell::{Cell, Row};
use super::encode::Encoder;
use super::table::Column;

pub(super) fn object(columns: &[Column], row: &Row) -> BTreeMap<String, Value> {
    columns.iter().zip(row).map(|((name, _), cell)| ((*name).to_owned(), value(cell))).collect()
}

fn value(cell: &Cell) -> Value {
    match cell {
        Cell::Empty => Value::Null,
        Cell::Text(text) => text.as_str().into(),
        Cell::Word(word) => (*word).into(),
        Cell::Number(number) => (*number).into(),
        Cell::Share(share) => (*share).into(),
        Cell::Flag(flag) => (*flag).into(),
        Cell::Time(at) => at.to_rfc3339_opts(SecondsFormat::Secs, true).into(),
        Cell::Day(day) => day.to_string().into(),
    }
}

/// `{"items":[{..},\n{..}]}`: whole as one document, and still a row on each line.
#[derive(Debug)]
pub(super) struct Json {
    columns: Vec<Column>,
    is_first: bool,
}

impl Json {
    pub(super) fn new(columns: Vec<Column>) -> Self {
        Self { columns, is_first: true }
    }
}

impl Encoder for Json {
    fn begin(&mut self, to: &mut Vec<u8>) -> std::io::Result<()> {
        to.extend_from_slice(b"{\"items\":[\n");
        Ok(())
    }

    fn row(&mut self, row: &Row, to: &mut Vec<u8>) -> std::io::Result<()> {
        if !std::mem::take(&mut self.is_first) {
            to.extend_from_slice(b",\n");
        }
        to.push(b'{');
        for (at, ((name, _), cell)) in self.columns.iter().zip(row).enumerate() {
            if at > 0 {
                to.push(b',');
            }
            serde_json::to_writer(&mut *to, name)?;
            to.push(b':');
            serde_json::to_writer(&mut *to, &value(cell))?;
        }
        to.push(b'}');
        Ok(())
    }

    fn end(&mut self, to: &mut Vec<u8>) -> std::io::Result<()> {
        to.extend_from_slice(b"\n]}\n");
        Ok(())
    }
}
