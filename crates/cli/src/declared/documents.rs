//! Cuts a file into its documents, and tells errors by the lines of the file.

use super::Place;
use crate::failure::Failure;

/// One document, with empty lines before it so that its lines count as in the file.
#[derive(Debug)]
pub(super) struct Document {
    file: String,
    /// Where it begins to say something; the first line is 1.
    line: usize,
    pub(super) text: String,
}

/// By YAML's rules a line that begins with `---` ends a document wherever it stands, even in the
/// middle of a text. What holds comments alone is no document.
pub(super) fn split(file: &str, text: &str) -> Vec<Document> {
    let mut documents = Vec::new();
    let mut body: Vec<&str> = Vec::new();
    let mut before = 0;
    for (at, line) in text.lines().enumerate() {
        let after_marker = line.strip_prefix("---").or_else(|| line.strip_prefix("..."));
        match after_marker.filter(|rest| rest.is_empty() || rest.starts_with([' ', '\t'])) {
            Some(rest) => {
                documents.extend(document(file, before, &body));
                body.clear();
                before = at;
                // What follows on the same line belongs to the next document.
                body.push(rest);
            }
            None => body.push(line),
        }
    }
    documents.extend(document(file, before, &body));
    documents
}

fn document(file: &str, before: usize, body: &[&str]) -> Option<Document> {
    let says = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let first = body.iter().position(says)?;
    let text = format!("{}{}\n", "\n".repeat(before), body.join("\n"));
    Some(Document { file: file.to_owned(), line: before + first + 1, text })
}

impl Document {
    pub(super) fn place(&self) -> Place {
        Place { file: self.file.clone(), line: self.line }
    }

    /// `tenant.yaml:7:5: unknown field ..`, and the line itself.
    pub(super) fn wrong(&self, error: &serde_saphyr::Error) -> Failure {
        let whole = error.without_snippet().to_string();
        let Some(location) = error.location() else {
            return self.place().wrong(&whole);
        };
        let (line, column) = (location.line(), location.column());
        let message =
            whole.strip_suffix(&format!(" at line {line}, column {column}")).unwrap_or(&whole);
        let number = usize::try_from(line).unwrap_or(usize::MAX);
        let shown = self.text.lines().nth(number.saturating_sub(1)).unwrap_or_default();
        let message = plainer(message);
        Failure::Usage(format!("{}:{line}:{column}: {message}\n  {}", self.file, shown.trim()))
    }
}

/// The parser names Rust's types.
fn plainer(message: &str) -> String {
    match message {
        "invalid u8" => "this must be a whole number from 0 to 255".to_owned(),
        "invalid u32" => "this must be a whole number, 0 or more".to_owned(),
        "invalid f64" => "this must be a number".to_owned(),
        other if other.starts_with("expected mapping start") => {
            "this must be fields with values, like `name: Standard`".to_owned()
        }
        other if other.starts_with("duplicate mapping key") => "this field stands twice".to_owned(),
        other if other.starts_with("UUID parsing failed") => {
            "this must be an object id, like 0195d222-0000-7000-8000-00000000000a".to_owned()
        }
        other => other.replace("unknown variant", "unknown value"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_keep_the_lines_of_their_file() {
        let text = "# head\n---\na: 1\n---\n# nothing\n--- {b: 2}\n...\n---\nc: |\n  ----\n  x\n";
        let found = split("f", text);
        let at: Vec<usize> = found.iter().map(|document| document.line).collect();
        assert_eq!(at, [3, 6, 9]);
        for document in &found {
            let line = document.text.lines().nth(document.line - 1).expect("it is there");
            assert_eq!(
                line.trim(),
                text.lines().nth(document.line - 1).expect("too").trim_start_matches("--- ")
            );
        }
    }
}
