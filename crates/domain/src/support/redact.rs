//! Takes secrets out of what leaves the service. Errs on the side of taking out too much.

use serde_json::Value;

/// What stands where a secret was.
pub const REDACTED: &str = "[redacted]";

/// Parts of names of fields that hold secrets, whatever stands in them.
const NAMES: [&str; 11] = [
    "secret",
    "password",
    "passwd",
    "passphrase",
    "authorization",
    "cookie",
    "private_key",
    "privatekey",
    "api_key",
    "apikey",
    "access_token",
];

/// How secrets of known kinds begin: tokens of ours, keys that sign webhooks, JSON web tokens, and those of others.
const BEGINNINGS: [&str; 8] =
    ["con_", "whsec_", "eyJ", "ghp_", "xoxb-", "xoxp-", "glpat-", "ATATT"];
/// Shorter words that begin so are words.
const SHORTEST: usize = 16;

/// Addresses of these hosts are secrets behind the host: whoever has one may post.
const HOOKS: [&str; 4] =
    ["hooks.slack.com", "webhook.office.com", "logic.azure.com", "api.powerplatform.com"];

/// A document without secrets. What is redacted stays so: twice is once.
#[must_use]
pub fn redact(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(redact_text(&text)),
        Value::Array(items) => Value::Array(items.into_iter().map(redact).collect()),
        Value::Object(fields) => Value::Object(
            fields
                .into_iter()
                .map(|(name, value)| {
                    let value = if holds_a_secret(&name) && !is_plain(&value) {
                        Value::String(REDACTED.to_owned())
                    } else {
                        redact(value)
                    };
                    (redact_text(&name), value)
                })
                .collect(),
        ),
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
    }
}

fn holds_a_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    NAMES.iter().any(|part| name.contains(part))
}

/// That there is one, and how many, is no secret.
fn is_plain(value: &Value) -> bool {
    matches!(value, Value::Null | Value::Bool(_) | Value::Number(_))
}

/// A text without tokens, keys, passwords in addresses, and what stands behind `Bearer` and `Basic`.
#[must_use]
pub fn redact_text(text: &str) -> String {
    if text.contains("-----BEGIN") && text.contains("PRIVATE KEY") {
        return REDACTED.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut after_scheme = false;
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(is_between).unwrap_or(rest.len());
        let (word, more) = rest.split_at(end);
        if !word.is_empty() {
            // What stands in the brackets of a redacted word stays.
            if after_scheme && word != "redacted" {
                out.push_str(REDACTED);
            } else {
                out.push_str(&redact_word(word));
            }
            after_scheme =
                word.eq_ignore_ascii_case("bearer") || word.eq_ignore_ascii_case("basic");
        }
        let Some(between) = more.chars().next() else { break };
        out.push(between);
        rest = &more[between.len_utf8()..];
    }
    out
}

/// What no token or address has in it. Redacted words have brackets, so that they stay as they are.
fn is_between(c: char) -> bool {
    c.is_whitespace() || "\"'`,;()[]{}<>|".contains(c)
}

fn redact_word(word: &str) -> String {
    if let Some((scheme, rest)) = word.split_once("://") {
        return redact_address(scheme, rest);
    }
    // As in `token=...` and `token:...`.
    if let Some(at) = word.rfind(['=', ':']) {
        let (name, value) = word.split_at(at + 1);
        if is_token(value) || (holds_a_secret(name) && !value.is_empty()) {
            return format!("{name}{REDACTED}");
        }
    }
    if is_token(word) { REDACTED.to_owned() } else { word.to_owned() }
}

fn is_token(word: &str) -> bool {
    word.len() >= SHORTEST && BEGINNINGS.iter().any(|beginning| word.starts_with(beginning))
}

/// Without user and password, without parameters, and of a hook without its path.
fn redact_address(scheme: &str, rest: &str) -> String {
    let (authority, path) = match rest.find(['/', '?', '#']) {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let (user, host) = match authority.rsplit_once('@') {
        Some((_, host)) => (format!("{REDACTED}@"), host),
        None => (String::new(), authority),
    };
    let bare = host.split(':').next().unwrap_or(host).to_ascii_lowercase();
    let is_hook = HOOKS.iter().any(|hook| bare == *hook || bare.ends_with(&format!(".{hook}")));
    if is_hook && path.len() > 1 {
        return format!("{scheme}://{user}{host}/{REDACTED}");
    }
    let (path, more) = match path.find(['?', '#']) {
        Some(at) => path.split_at(at),
        None => (path, ""),
    };
    let steps: Vec<&str> =
        path.split('/').map(|step| if is_token(step) { REDACTED } else { step }).collect();
    // One sign alone is what is left of a redacted one.
    let more = if more.len() <= 1 { more.to_owned() } else { format!("?{REDACTED}") };
    format!("{scheme}://{user}{host}{}{more}", steps.join("/"))
}
