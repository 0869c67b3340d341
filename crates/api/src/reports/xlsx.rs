//! Rows as an Office Open XML workbook (ECMA-376), written as a stream: nothing of it is held but what
//! the compressor has not given back yet. Texts stand in their cells, so that no table of them grows. A
//! sheet that is full is followed by another.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use zip::ZipWriter;
use zip::write::{SimpleFileOptions, StreamWriter};

use super::cell::{Cell, Row};
use super::encode::Encoder;
use super::table::Column;

/// Rows of a sheet, with its head.
const MOST_ROWS: u32 = 1_048_576;
/// Characters of a cell.
const LONGEST: usize = 32_767;
/// How much of a sheet is gathered before it is compressed.
const CHUNK: usize = 64 * 1024;

const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";
const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";

/// What the compressor has given back, until somebody takes it.
#[derive(Debug, Clone, Default)]
struct Pipe(Arc<Mutex<Vec<u8>>>);

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(super) struct Xlsx {
    name: &'static str,
    columns: Vec<Column>,
    pipe: Pipe,
    /// None: it has ended.
    zip: Option<ZipWriter<StreamWriter<Pipe>>>,
    sheets: u32,
    /// Of the sheet that is being written.
    rows: u32,
    text: String,
}

impl Xlsx {
    pub(super) fn new(name: &'static str, columns: Vec<Column>) -> Self {
        let pipe = Pipe::default();
        let zip = Some(ZipWriter::new_stream(pipe.clone()));
        Self { name, columns, pipe, zip, sheets: 0, rows: 0, text: String::new() }
    }

    fn file(&mut self, name: &str, text: &str) -> io::Result<()> {
        let zip = self.zip.as_mut().ok_or_else(|| io::Error::other("the workbook has ended"))?;
        // A sheet may grow beyond 4 GiB before it is compressed.
        zip.start_file(name, SimpleFileOptions::default().large_file(true))
            .map_err(io::Error::other)?;
        zip.write_all(text.as_bytes())
    }

    fn sheet_begin(&mut self) -> io::Result<()> {
        self.sheets += 1;
        self.rows = 0;
        let name = format!("xl/worksheets/sheet{}.xml", self.sheets);
        self.file(&name, &format!("{HEAD}<worksheet xmlns=\"{MAIN}\"><sheetData>"))?;
        let head: Row = self.columns.iter().map(|(name, _)| Cell::Word(name)).collect();
        self.put(&head)
    }

    fn sheet_end(&mut self) -> io::Result<()> {
        self.text.push_str("</sheetData></worksheet>");
        self.flush()
    }

    fn flush(&mut self) -> io::Result<()> {
        let zip = self.zip.as_mut().ok_or_else(|| io::Error::other("the workbook has ended"))?;
        zip.write_all(self.text.as_bytes())?;
        self.text.clear();
        Ok(())
    }

    fn put(&mut self, row: &Row) -> io::Result<()> {
        self.rows += 1;
        self.text.push_str("<row>");
        for cell in row {
            put_cell(cell, &mut self.text);
        }
        self.text.push_str("</row>");
        if self.text.len() >= CHUNK { self.flush() } else { Ok(()) }
    }

    fn take(&mut self, to: &mut Vec<u8>) {
        let mut given = self.pipe.0.lock().unwrap_or_else(PoisonError::into_inner);
        to.append(&mut given);
    }

    /// What binds the sheets together; written last, when their number is known.
    fn bind(&mut self) -> io::Result<()> {
        let (mut types, mut sheets, mut links) = (String::new(), String::new(), String::new());
        for sheet in 1..=self.sheets {
            let name =
                if sheet == 1 { self.name.to_owned() } else { format!("{} {sheet}", self.name) };
            // A text takes whatever is written to it.
            let _ = write!(
                types,
                "<Override PartName=\"/xl/worksheets/sheet{sheet}.xml\" ContentType=\"application/vnd.\
                 openxmlformats-officedocument.spreadsheetml.worksheet+xml\"/>"
            );
            let _ =
                write!(sheets, "<sheet name=\"{name}\" sheetId=\"{sheet}\" r:id=\"rId{sheet}\"/>");
            let _ = write!(
                links,
                "<Relationship Id=\"rId{sheet}\" Type=\"{OFFICE}/worksheet\" \
                 Target=\"worksheets/sheet{sheet}.xml\"/>"
            );
        }
        self.file(
            "xl/workbook.xml",
            &format!(
                "{HEAD}<workbook xmlns=\"{MAIN}\" xmlns:r=\"{OFFICE}\"><sheets>{sheets}</sheets></workbook>"
            ),
        )?;
        self.file(
            "xl/_rels/workbook.xml.rels",
            &format!(
                "{HEAD}<Relationships xmlns=\"{PACKAGE}/relationships\">{links}</Relationships>"
            ),
        )?;
        self.file(
            "_rels/.rels",
            &format!(
                "{HEAD}<Relationships xmlns=\"{PACKAGE}/relationships\"><Relationship Id=\"rId1\" \
                 Type=\"{OFFICE}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
            ),
        )?;
        self.file(
            "[Content_Types].xml",
            &format!(
                "{HEAD}<Types xmlns=\"{PACKAGE}/content-types\"><Default Extension=\"rels\" \
                 ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/><Default \
                 Extension=\"xml\" ContentType=\"application/xml\"/><Override PartName=\"/xl/workbook.xml\" \
                 ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml\"\
                 />{types}</Types>"
            ),
        )
    }
}

fn put_cell(cell: &Cell, to: &mut String) {
    match cell {
        Cell::Empty => to.push_str("<c/>"),
        Cell::Number(_) | Cell::Share(_) => {
            to.push_str("<c><v>");
            cell.write(to);
            to.push_str("</v></c>");
        }
        Cell::Flag(flag) => {
            to.push_str(if *flag { "<c t=\"b\"><v>1</v></c>" } else { "<c t=\"b\"><v>0</v></c>" });
        }
        Cell::Text(text) => put_text(text, to),
        Cell::Word(word) => put_text(word, to),
        // As text: a number of days since 1900 is a time only with a style, and knows no zone.
        Cell::Time(_) | Cell::Day(_) => put_text(&cell.to_text(), to),
    }
}

/// A text is a text in a workbook, whatever it begins with.
fn put_text(text: &str, to: &mut String) {
    to.push_str("<c t=\"inlineStr\"><is><t xml:space=\"preserve\">");
    for letter in text.chars().take(LONGEST) {
        match letter {
            '&' => to.push_str("&amp;"),
            '<' => to.push_str("&lt;"),
            '>' => to.push_str("&gt;"),
            '\t' | '\n' | '\r' => to.push(letter),
            // XML has no way to say these.
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => to.push('\u{fffd}'),
            other => to.push(other),
        }
    }
    to.push_str("</t></is></c>");
}

impl Encoder for Xlsx {
    fn begin(&mut self, to: &mut Vec<u8>) -> io::Result<()> {
        self.sheet_begin()?;
        self.take(to);
        Ok(())
    }

    fn row(&mut self, row: &Row, to: &mut Vec<u8>) -> io::Result<()> {
        if self.rows >= MOST_ROWS {
            self.sheet_end()?;
            self.sheet_begin()?;
        }
        self.put(row)?;
        self.take(to);
        Ok(())
    }

    fn end(&mut self, to: &mut Vec<u8>) -> io::Result<()> {
        self.sheet_end()?;
        self.bind()?;
        if let Some(zip) = self.zip.take() {
            zip.finish().map_err(io::Error::other)?;
        }
        self.take(to);
        Ok(())
    }
}
