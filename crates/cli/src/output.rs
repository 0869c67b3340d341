//! Writes data to stdout and talk to stderr, each in the form its reader wants.

mod data;
mod wide;

use std::io::{ErrorKind, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};

use comfy_table::{ContentArrangement, Table, presets};
use serde_json::{Value, json};

pub(crate) use data::Data;

use crate::args::{Format, Global, When};
use crate::client::Document;
use crate::failure::Failure;

/// What a colour stands for. It always stands beside a word that says the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Good,
    Wait,
    Bad,
    Dim,
    Strong,
}

/// The form of data on stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Table,
    /// Tab-separated, without a heading: for `cut` and `awk`.
    Plain,
    /// What the API said, for programs.
    Data(Data),
}

#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is a question of its own")]
pub(crate) struct Output {
    pub(crate) form: Form,
    /// A table shows every plain field of the API too, not only the columns chosen for people.
    wide: bool,
    /// Stdout is a terminal that moves its cursor when told to.
    pub(crate) redraws: bool,
    color_out: bool,
    color_err: bool,
}

impl Output {
    pub(crate) fn new(global: &Global) -> Self {
        let terminal = std::io::stdout().is_terminal();
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let color = |is_terminal: bool| match global.color {
            When::Always => true,
            When::Never => false,
            When::Auto => is_terminal && !dumb && !set("NO_COLOR"),
        };
        let form = match global.output {
            Some(Format::Table | Format::Wide) => Form::Table,
            Some(Format::Json) => Form::Data(Data::Json),
            Some(Format::Jsonl) => Form::Data(Data::Jsonl),
            Some(Format::Yaml) => Form::Data(Data::Yaml),
            Some(Format::Name) => Form::Data(Data::Name),
            // What is looked at again and again by a program comes as one line each time.
            None if !terminal && global.watch => Form::Data(Data::Jsonl),
            None if terminal => Form::Table,
            None => Form::Plain,
        };
        Self {
            form,
            wide: global.output == Some(Format::Wide),
            redraws: terminal && !dumb,
            color_out: color(terminal),
            color_err: color(std::io::stderr().is_terminal()),
        }
    }

    pub(crate) fn paint(self, tone: Tone, text: &str) -> String {
        paint(self.color_out, tone, text)
    }

    pub(crate) fn paint_err(self, tone: Tone, text: &str) -> String {
        paint(self.color_err, tone, text)
    }

    /// A list of things: the same columns for people and for `cut`.
    pub(crate) fn list<T>(
        self,
        head: &[&str],
        items: &[Document<T>],
        row: impl Fn(&T) -> Vec<String>,
    ) -> Result<(), Failure> {
        match self.form {
            Form::Table => {
                let rows = items.iter().map(|item| row(&item.typed)).collect();
                if self.wide {
                    let json: Vec<&Value> = items.iter().map(|item| &item.json).collect();
                    let (head, rows) = wide::columns(head, rows, &json);
                    let head: Vec<&str> = head.iter().map(String::as_str).collect();
                    return write(&table(&head, rows));
                }
                write(&table(head, rows))
            }
            Form::Plain => write_lines(items.iter().map(|item| row(&item.typed).join("\t"))),
            Form::Data(Data::Jsonl) => write_lines(items.iter().map(|item| item.json.to_string())),
            Form::Data(Data::Name) => {
                items.iter().try_for_each(|item| Data::Name.document(&item.json))
            }
            Form::Data(data @ (Data::Json | Data::Yaml)) => {
                let items: Vec<&Value> = items.iter().map(|item| &item.json).collect();
                data.document(&json!({ "items": items }))
            }
        }
    }

    /// One thing, as names and values.
    pub(crate) fn one(self, json: &Value, fields: &[(&str, String)]) -> Result<(), Failure> {
        match self.form {
            Form::Table => {
                let more = if self.wide { wide::fields(fields, json) } else { Vec::new() };
                let all = || {
                    fields
                        .iter()
                        .map(|(name, value)| (*name, value))
                        .chain(more.iter().map(|(name, value)| (name.as_str(), value)))
                };
                let width = all().map(|(name, _)| name.len()).max().unwrap_or(0);
                write_lines(all().map(|(name, value)| format!("{name:width$}  {value}")))
            }
            Form::Plain => {
                write_lines(fields.iter().map(|(name, value)| format!("{name}\t{value}")))
            }
            Form::Data(data) => data.document(json),
        }
    }
}

pub(crate) fn table(head: &[&str], rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(head.iter().map(|name| name.to_uppercase()))
        .add_rows(rows);
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let mut text: String =
        table.lines().flat_map(|line| [line.trim_end().to_owned(), "\n".to_owned()]).collect();
    if text.is_empty() {
        text.push('\n');
    }
    text
}

fn paint(coloured: bool, tone: Tone, text: &str) -> String {
    let code = match tone {
        Tone::Good => "32",
        Tone::Wait => "33",
        Tone::Bad => "31",
        Tone::Dim => "2",
        Tone::Strong => "1",
    };
    if coloured && !text.is_empty() {
        format!("\x1b[{code}m{text}\x1b[0m")
    } else {
        text.to_owned()
    }
}

pub(crate) fn write_lines(lines: impl IntoIterator<Item = String>) -> Result<(), Failure> {
    let mut text = String::new();
    for line in lines {
        text.push_str(&line);
        text.push('\n');
    }
    write(&text)
}

/// What is written goes here instead of to stdout, while there is something.
static KEPT: Mutex<Option<String>> = Mutex::new(None);

/// From now on keeps what is written, and says nothing.
pub(crate) fn keep() {
    *KEPT.lock().unwrap_or_else(PoisonError::into_inner) = Some(String::new());
}

/// What was written since [`keep`]; from now on it goes to stdout again.
pub(crate) fn kept() -> String {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default()
}

/// To stdout; `println!` would panic when the reader of a pipe leaves.
pub(crate) fn write(text: &str) -> Result<(), Failure> {
    if let Some(kept) = KEPT.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
        kept.push_str(text);
        return Ok(());
    }
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| {
        if error.kind() == ErrorKind::BrokenPipe {
            Failure::ClosedPipe
        } else {
            Failure::Failed(format!("cannot write to stdout: {error}"))
        }
    })
}

/// A line of talk, to stderr.
pub(crate) fn say(line: &str) {
    if KEPT.lock().unwrap_or_else(PoisonError::into_inner).is_some() {
        return;
    }
    // Nobody reads it then; the work goes on.
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}
