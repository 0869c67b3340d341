//! Rows as CSV (RFC 4180), safe to open in a spreadsheet.

use super::cell::{Cell, Row};
use super::encode::Encoder;
use super::table::Column;

#[derive(Debug)]
pub(super) struct Csv {
    columns: Vec<Column>,
    text: String,
}

impl Csv {
    pub(super) fn new(columns: Vec<Column>) -> Self {
        Self { columns, text: String::new() }
    }
}

/// What a spreadsheet takes for the beginning of a formula (OWASP, "CSV Injection").
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// A text in quotes where it needs them, with an apostrophe where it could be a formula.
fn quoted(text: &str, to: &mut Vec<u8>) {
    let is_formula = text.starts_with(FORMULA);
    let is_plain = !text.contains([',', '"', '\n', '\r']);
    if is_plain && !is_formula {
        to.extend_from_slice(text.as_bytes());
        return;
    }
    to.push(b'"');
    if is_formula {
        to.push(b'\'');
    }
    for (at, part) in text.split('"').enumerate() {
        if at > 0 {
            to.extend_from_slice(b"\"\"");
        }
        to.extend_from_slice(part.as_bytes());
    }
    to.push(b'"');
}

impl Encoder for Csv {
    fn begin(&mut self, to: &mut Vec<u8>) -> std::io::Result<()> {
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| *name).collect();
        to.extend_from_slice(names.join(",").as_bytes());
        to.extend_from_slice(b"\r\n");
        Ok(())
    }

    fn row(&mut self, row: &Row, to: &mut Vec<u8>) -> std::io::Result<()> {
        for (at, cell) in row.iter().enumerate() {
            if at > 0 {
                to.push(b',');
            }
            match cell {
                Cell::Empty => {}
                Cell::Text(text) => quoted(text, to),
                Cell::Word(word) => to.extend_from_slice(word.as_bytes()),
                Cell::Number(_) | Cell::Share(_) | Cell::Flag(_) | Cell::Time(_) | Cell::Day(_) => {
                    self.text.clear();
                    cell.write(&mut self.text);
                    to.extend_from_slice(self.text.as_bytes());
                }
            }
        }
        to.extend_from_slice(b"\r\n");
        Ok(())
    }

    fn end(&mut self, _: &mut Vec<u8>) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(texts: &[&str]) -> String {
        let row: Row = texts.iter().map(|text| Cell::Text((*text).to_owned())).collect();
        let mut to = Vec::new();
        let written = Csv::new(Vec::new()).row(&row, &mut to);
        assert!(written.is_ok());
        String::from_utf8_lossy(&to).into_owned()
    }

    #[test]
    fn texts_are_quoted_where_they_must_be_and_never_run() {
        assert_eq!(line(&["a", "b c", ""]), "a,b c,\r\n");
        assert_eq!(
            line(&["a,b", "say \"hi\"", "two\nlines"]),
            "\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\"\r\n"
        );
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "=cmd|' /C calc'!A0"] {
            let line = line(&[formula]);
            assert!(line.starts_with("\"'"), "{line}");
        }
    }

    #[test]
    fn numbers_below_zero_are_numbers() {
        let mut to = Vec::new();
        let written =
            Csv::new(Vec::new()).row(&vec![Cell::Number(-5), Cell::Share(99.96)], &mut to);
        assert!(written.is_ok());
        assert_eq!(to, b"-5,100.0\r\n");
    }
}
