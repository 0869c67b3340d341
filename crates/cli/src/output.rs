//! Writes data to stdout and talk to stderr, each in the form its reader wants.

use std::io::{ErrorKind, IsTerminal, Write};

use comfy_table::{ContentArrangement, Table, presets};
use serde_json::{Value, json};

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
    Json,
    Jsonl,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    pub(crate) form: Form,
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
            Some(Format::Table) => Form::Table,
            Some(Format::Json) => Form::Json,
            Some(Format::Jsonl) => Form::Jsonl,
            None if terminal => Form::Table,
            None => Form::Plain,
        };
        Self {
            form,
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
                write(&table(head, rows))
            }
            Form::Plain => write_lines(items.iter().map(|item| row(&item.typed).join("\t"))),
            Form::Json => {
                let items: Vec<&Value> = items.iter().map(|item| &item.json).collect();
                write(&format!("{:#}\n", json!({ "items": items })))
            }
            Form::Jsonl => write_lines(items.iter().map(|item| item.json.to_string())),
        }
    }

    /// One thing, as names and values.
    pub(crate) fn one(self, json: &Value, fields: &[(&str, String)]) -> Result<(), Failure> {
        match self.form {
            Form::Table => {
                let width = fields.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
                write_lines(fields.iter().map(|(name, value)| format!("{name:width$}  {value}")))
            }
            Form::Plain => {
                write_lines(fields.iter().map(|(name, value)| format!("{name}\t{value}")))
            }
            Form::Json => write(&format!("{json:#}\n")),
            Form::Jsonl => write(&format!("{json}\n")),
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

/// To stdout; `println!` would panic when the reader of a pipe leaves.
pub(crate) fn write(text: &str) -> Result<(), Failure> {
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
    // Nobody reads it then; the work goes on.
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}
