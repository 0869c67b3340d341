//! The columns of `-o wide`: after those for people every plain field that the API names besides.

use serde_json::Value;

/// Head and rows with a column for each field of the things that is neither a list nor an object,
/// has a value somewhere, and is not shown yet.
pub(super) fn columns(
    head: &[&str],
    mut rows: Vec<Vec<String>>,
    items: &[&Value],
) -> (Vec<String>, Vec<Vec<String>>) {
    let mut names: Vec<&String> = Vec::new();
    for item in items {
        let fields = item.as_object().into_iter().flatten();
        names.extend(fields.filter(|(_, value)| plain(value).is_some()).map(|(name, _)| name));
    }
    names.sort_unstable();
    names.dedup();
    let shown = |name: &String| {
        let is_headed = head.iter().any(|head| head.replace(' ', "_") == *name);
        let mut pairs = rows.iter().zip(items);
        let stands = |(row, item): (&Vec<String>, &&Value)| {
            plain(&item[name]).is_none_or(|text| row.contains(&text))
        };
        is_headed || pairs.all(stands)
    };
    let names: Vec<&String> = names.into_iter().filter(|name| !shown(name)).collect();
    for (row, item) in rows.iter_mut().zip(items) {
        row.extend(names.iter().map(|name| plain(&item[*name]).unwrap_or_else(|| "-".to_owned())));
    }
    let more = names.iter().map(|name| name.replace('_', " "));
    (head.iter().map(|&name| name.to_owned()).chain(more).collect(), rows)
}

/// The plain fields of one thing that are not shown yet.
pub(super) fn fields(shown: &[(&str, String)], json: &Value) -> Vec<(String, String)> {
    let all = json.as_object().into_iter().flatten();
    all.filter_map(|(name, value)| Some((name.replace('_', " "), plain(value)?)))
        .filter(|(name, value)| !shown.iter().any(|(n, v)| n == name || v == value))
        .collect()
}

/// A value that is one word or sentence. What is shown may have been named by anybody, so it must
/// not steer the terminal.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.replace(char::is_control, " ")),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::columns;

    #[test]
    fn only_what_is_new_gets_a_column() {
        let (one, two) = (
            json!({ "name": "A", "id": "1", "created_at": "x", "kept": true, "rings": [] }),
            json!({ "name": "B", "id": "2", "created_at": "y", "note": "\u{1b}[2J", "more": {} }),
        );
        let rows = vec![vec!["A".to_owned(), "-".to_owned()], vec!["B".to_owned(), "-".to_owned()]];
        let (head, rows) = columns(&["name", "created at"], rows, &[&one, &two]);
        assert_eq!(head, ["name", "created at", "id", "kept", "note"]);
        assert_eq!(rows[0], ["A", "-", "1", "true", "-"]);
        assert_eq!(rows[1], ["B", "-", "2", "-", " [2J"], "nothing steers the terminal");
    }
}
