//! One thing looked at: how it is, why that matters, what to do.

use api_types::Problem;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::client::Document;
use crate::failure::Failure;
use crate::output::{Form, Output, Tone, write_lines};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    Good,
    /// Worth knowing; nothing to be done at once.
    Note,
    /// Somebody must do something.
    Wrong,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Finding {
    /// What was looked at: `token`, `sync of Contoso`.
    pub(super) name: String,
    pub(super) state: State,
    /// How it is, in a sentence.
    pub(super) text: String,
    /// Why that matters; none: it is good.
    pub(super) why: Option<String>,
    /// What to do about it; none: it is good.
    pub(super) remedy: Option<String>,
}

impl Finding {
    pub(super) fn good(name: impl Into<String>, text: impl Into<String>) -> Self {
        let (name, text) = (name.into(), text.into());
        Self { name, state: State::Good, text, why: None, remedy: None }
    }

    pub(super) fn note(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { state: State::Note, ..Self::good(name, text) }
    }

    pub(super) fn wrong(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { state: State::Wrong, ..Self::good(name, text) }
    }

    pub(super) fn because(self, why: &str) -> Self {
        Self { why: Some(why.to_owned()), ..self }
    }

    pub(super) fn so(self, remedy: impl Into<String>) -> Self {
        Self { remedy: Some(remedy.into()), ..self }
    }
}

/// What went wrong, in one line and in the words of whoever refused.
pub(super) fn said(failure: &Failure) -> String {
    let Failure::Problem(problem) = failure else { return failure.brief() };
    let Problem { title, detail, .. } = &**problem;
    if detail.is_empty() { title.clone() } else { format!("{title}: {detail}") }
}

const fn word(state: State) -> (&'static str, &'static str, Tone) {
    match state {
        State::Good => ("✓", "good", Tone::Good),
        State::Note => ("!", "note", Tone::Wait),
        State::Wrong => ("✗", "wrong", Tone::Bad),
    }
}

pub(super) fn show(output: Output, findings: &[Finding]) -> Result<(), Failure> {
    if output.form == Form::Table {
        return write_lines(panel(output, findings));
    }
    let all: Result<Vec<Document<Finding>>, Failure> =
        findings.iter().map(|finding| Document::read(json!(finding))).collect();
    output.list(&[], &all?, |finding| {
        let or = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        let (_, word, _) = word(finding.state);
        let mut row = vec![word.to_owned(), finding.name.clone(), finding.text.clone()];
        row.extend([or(&finding.why), or(&finding.remedy)]);
        row
    })
}

fn panel(output: Output, findings: &[Finding]) -> Vec<String> {
    let width = findings.iter().map(|f| f.name.chars().count()).max().unwrap_or(0);
    let mut lines = Vec::new();
    for finding in findings {
        let (mark, word, tone) = word(finding.state);
        let word = output.paint(tone, &format!("{mark} {word:5}"));
        let (name, text) = (&finding.name, &finding.text);
        let pad = " ".repeat(width - name.chars().count());
        lines.push(format!("{word}  {}{pad}  {text}", output.paint(Tone::Strong, name)));
        lines.extend(finding.why.iter().map(|why| format!("         why: {why}")));
        lines.extend(finding.remedy.iter().map(|remedy| format!("         do:  {remedy}")));
    }
    let count = |state| findings.iter().filter(|finding| finding.state == state).count();
    lines.push(String::new());
    let (wrong, notes) = (count(State::Wrong), count(State::Note));
    lines.push(format!("{wrong} wrong, {notes} to note, {} good", count(State::Good)));
    lines
}
