//! Placeholders in queries, filled so that no name can become a part of the query.
//!
//! They stand inside of quoted strings only. There, and only there, is it certain what has to be
//! escaped: a ring may be named `x"} or {y="`.

use std::fmt::Write as _;

use super::Context;

/// The language a query is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    PromQl,
    Kql,
}

/// A placeholder that cannot be filled, or a string that has no end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Misplaced {
    #[error(
        "there is no placeholder ${{{0}}}; there are ${{tenant}}, ${{rollout}}, ${{release}} and \
         ${{ring}}"
    )]
    Unknown(String),
    #[error("${{{0}}} has to stand inside of \"quotes\" or 'quotes'")]
    Outside(String),
    #[error("a string in the query is not closed")]
    Unclosed,
}

/// What stands for each placeholder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    pub tenant: String,
    pub rollout: String,
    pub release: String,
    pub ring: String,
}

impl Words {
    fn of(&self, name: &str) -> Option<&str> {
        match name {
            "tenant" => Some(&self.tenant),
            "rollout" => Some(&self.rollout),
            "release" => Some(&self.release),
            "ring" => Some(&self.ring),
            _ => None,
        }
    }
}

impl From<&Context> for Words {
    fn from(context: &Context) -> Self {
        Self {
            tenant: context.tenant_name.clone(),
            rollout: context.rollout.to_string(),
            release: context.release_name.clone(),
            ring: context.ring_name.clone(),
        }
    }
}

/// Where in a query we are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Code,
    /// In quotes in which a backslash escapes.
    Quoted(char),
    /// In quotes that know no escapes, and end with these characters.
    Raw(&'static str),
    Comment,
}

impl Language {
    /// The query with its placeholders filled.
    pub fn fill(self, query: &str, words: &Words) -> Result<String, Misplaced> {
        let mut out = String::with_capacity(query.len());
        let mut place = Place::Code;
        let mut rest = query;
        while let Some(first) = rest.chars().next() {
            if let Some(after) = rest.strip_prefix("${") {
                // Without an end it is no placeholder, and none is meant to be there.
                let (name, after) =
                    after.split_once('}').ok_or_else(|| Misplaced::Unknown(short(after)))?;
                let word = words.of(name).ok_or_else(|| Misplaced::Unknown(short(name)))?;
                match place {
                    Place::Quoted(quote) => escape(word, quote, &mut out),
                    Place::Code | Place::Raw(_) | Place::Comment => {
                        return Err(Misplaced::Outside(name.to_owned()));
                    }
                }
                rest = after;
                continue;
            }
            let (taken, next) = self.step(place, rest, first);
            let (head, tail) = rest.split_at(taken);
            out.push_str(head);
            (rest, place) = (tail, next);
        }
        match place {
            Place::Code | Place::Comment => Ok(out),
            Place::Quoted(_) | Place::Raw(_) => Err(Misplaced::Unclosed),
        }
    }

    /// Whether every placeholder of `query` can be filled.
    pub fn check(self, query: &str) -> Result<(), Misplaced> {
        let word = String::new;
        let words = Words { tenant: word(), rollout: word(), release: word(), ring: word() };
        self.fill(query, &words).map(drop)
    }

    /// How many bytes belong together, and where we are after them.
    fn step(self, place: Place, rest: &str, first: char) -> (usize, Place) {
        match place {
            Place::Quoted(quote) => match first {
                // With what it escapes, be it a dollar: what stood between the two would be escaped.
                '\\' => (1 + rest.chars().nth(1).map_or(0, char::len_utf8), place),
                _ if first == quote => (1, Place::Code),
                _ => (first.len_utf8(), place),
            },
            Place::Raw(end) => {
                if rest.starts_with(end) {
                    (end.len(), Place::Code)
                } else {
                    (first.len_utf8(), place)
                }
            }
            Place::Comment => {
                let next = if first == '\n' { Place::Code } else { Place::Comment };
                (first.len_utf8(), next)
            }
            Place::Code => self.opens(rest, first),
        }
    }

    fn opens(self, rest: &str, first: char) -> (usize, Place) {
        let openers: &[(&str, Place)] = match self {
            Self::PromQl => &[
                ("#", Place::Comment),
                ("`", Place::Raw("`")),
                ("\"", Place::Quoted('"')),
                ("'", Place::Quoted('\'')),
            ],
            Self::Kql => &[
                ("//", Place::Comment),
                ("```", Place::Raw("```")),
                ("~~~", Place::Raw("~~~")),
                ("@\"", Place::Raw("\"")),
                ("@'", Place::Raw("'")),
                ("\"", Place::Quoted('"')),
                ("'", Place::Quoted('\'')),
            ],
        };
        let found = openers.iter().find(|(opener, _)| rest.starts_with(opener));
        found.map_or((first.len_utf8(), Place::Code), |(opener, place)| (opener.len(), *place))
    }
}

/// Both languages know these escapes; everything else stands for itself. Prometheus
/// refuses the other quote when it is escaped.
fn escape(word: &str, quote: char, out: &mut String) {
    for c in word.chars() {
        match c {
            c if c == '\\' || c == quote => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
}

fn short(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(20).collect()
}
