//! Writes filter expressions (CEL). Never reads one: that is the service's.

/// A string as a CEL literal, whatever is in it.
pub(crate) fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            _ => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

/// All must hold. None: nothing is asked.
pub(crate) fn all(mut parts: Vec<String>) -> Option<String> {
    match parts.len() {
        0 => None,
        1 => parts.pop(),
        _ => {
            let parts: Vec<String> = parts.iter().map(|part| format!("({part})")).collect();
            Some(parts.join(" && "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_cannot_end_the_string() {
        assert_eq!(quote(r#"a" || true || "\"#), r#""a\" || true || \"\\""#);
        assert_eq!(quote("two\nlines"), r#""two\nlines""#);
    }

    #[test]
    fn parts_keep_their_own_precedence() {
        let parts = |parts: &[&str]| all(parts.iter().map(|&part| part.to_owned()).collect());
        assert_eq!(parts(&[]), None);
        assert_eq!(parts(&["a || b"]).as_deref(), Some("a || b"));
        assert_eq!(parts(&["a || b", "c"]).as_deref(), Some("(a || b) && (c)"));
    }
}
