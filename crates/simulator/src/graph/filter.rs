//! The part of `$filter` that clients of a rollout service use.

use std::cmp::Ordering;

use serde_json::Value;

use crate::graph::datum::{Datum, Literal, folded};

#[derive(Debug)]
pub(crate) enum Filter {
    And(Box<Filter>, Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
    Not(Box<Filter>),
    Compare(String, Comparison, Literal),
    StartsWith(String, String),
    IsOf(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl Filter {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut tokens = Tokens(text);
        let filter = tokens.any_of()?;
        tokens.0.trim().is_empty().then_some(filter)
    }

    pub(crate) fn holds<'source>(&self, property: &dyn Fn(&str) -> Datum<'source>) -> bool {
        match self {
            Self::And(left, right) => left.holds(property) && right.holds(property),
            Self::Or(left, right) => left.holds(property) || right.holds(property),
            Self::Not(inner) => !inner.holds(property),
            Self::StartsWith(name, prefix) => property(name)
                .with_text(|text| {
                    let mut text = folded(text);
                    folded(prefix).all(|sign| text.next() == Some(sign))
                })
                .unwrap_or(false),
            Self::IsOf(kind) => property("@odata.type")
                .with_text(|text| text.trim_start_matches('#') == kind)
                .unwrap_or(false),
            Self::Compare(name, comparison, wanted) => {
                let order = property(name).compare(wanted);
                match comparison {
                    Comparison::Equal => order == Some(Ordering::Equal),
                    Comparison::NotEqual => order != Some(Ordering::Equal),
                    Comparison::Greater => order == Some(Ordering::Greater),
                    Comparison::GreaterOrEqual => order.is_some_and(Ordering::is_ge),
                    Comparison::Less => order == Some(Ordering::Less),
                    Comparison::LessOrEqual => order.is_some_and(Ordering::is_le),
                }
            }
        }
    }

    /// The value a property has to equal, for reports that need one.
    pub(crate) fn required(&self, property: &str) -> Option<&str> {
        match self {
            Self::And(left, right) => left.required(property).or_else(|| right.required(property)),
            Self::Compare(name, Comparison::Equal, wanted) if name == property => {
                wanted.value.as_str()
            }
            Self::Compare(..)
            | Self::Or(..)
            | Self::Not(_)
            | Self::StartsWith(..)
            | Self::IsOf(_) => None,
        }
    }

    /// Whether it asks for nothing but these properties to be equal to something.
    pub(crate) fn asks_only(&self, properties: &[&str]) -> bool {
        match self {
            Self::And(left, right) | Self::Or(left, right) => {
                left.asks_only(properties) && right.asks_only(properties)
            }
            Self::Compare(name, Comparison::Equal, _) => properties.contains(&name.as_str()),
            Self::Compare(..) | Self::Not(_) | Self::StartsWith(..) | Self::IsOf(_) => false,
        }
    }
}

/// What is still to be read.
struct Tokens<'text>(&'text str);

impl Tokens<'_> {
    fn any_of(&mut self) -> Option<Filter> {
        let mut filter = self.all_of()?;
        while self.word("or") {
            filter = Filter::Or(Box::new(filter), Box::new(self.all_of()?));
        }
        Some(filter)
    }

    fn all_of(&mut self) -> Option<Filter> {
        let mut filter = self.one()?;
        while self.word("and") {
            filter = Filter::And(Box::new(filter), Box::new(self.one()?));
        }
        Some(filter)
    }

    fn one(&mut self) -> Option<Filter> {
        if self.word("not") {
            return Some(Filter::Not(Box::new(self.one()?)));
        }
        if self.sign('(') {
            let inner = self.any_of()?;
            return self.sign(')').then_some(inner);
        }
        let name = self.name()?;
        if self.sign('(') {
            let filter = match name.to_ascii_lowercase().as_str() {
                "isof" => Filter::IsOf(self.text()?),
                "startswith" => {
                    let property = self.name()?;
                    if !self.sign(',') {
                        return None;
                    }
                    Filter::StartsWith(property, self.text()?)
                }
                _ => return None,
            };
            return self.sign(')').then_some(filter);
        }
        let comparison = match self.name()?.as_str() {
            "eq" => Comparison::Equal,
            "ne" => Comparison::NotEqual,
            "gt" => Comparison::Greater,
            "ge" => Comparison::GreaterOrEqual,
            "lt" => Comparison::Less,
            "le" => Comparison::LessOrEqual,
            _ => return None,
        };
        Some(Filter::Compare(name, comparison, Literal::from(self.literal()?)))
    }

    fn word(&mut self, word: &str) -> bool {
        let rest = self.0.trim_start();
        let after = rest.strip_prefix(word).filter(|after| after.starts_with([' ', '(']));
        if let Some(after) = after {
            self.0 = after;
        }
        after.is_some()
    }

    fn sign(&mut self, sign: char) -> bool {
        let after = self.0.trim_start().strip_prefix(sign);
        if let Some(after) = after {
            self.0 = after;
        }
        after.is_some()
    }

    /// A property, without the type it is qualified with.
    fn name(&mut self) -> Option<String> {
        let rest = self.0.trim_start();
        let end = rest
            .find(|sign: char| !(sign.is_alphanumeric() || "/._@".contains(sign)))
            .unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        self.0 = after;
        let name = name.rsplit('/').next().unwrap_or(name);
        (!name.is_empty()).then(|| name.to_owned())
    }

    /// A quoted text, quotes inside doubled.
    fn text(&mut self) -> Option<String> {
        let mut rest = self.0.trim_start().strip_prefix('\'')?;
        let mut text = String::new();
        loop {
            let (part, after) = rest.split_once('\'')?;
            text.push_str(part);
            let Some(doubled) = after.strip_prefix('\'') else {
                self.0 = after;
                return Some(text);
            };
            text.push('\'');
            rest = doubled;
        }
    }

    fn literal(&mut self) -> Option<Value> {
        let rest = self.0.trim_start();
        if rest.starts_with('\'') {
            return self.text().map(Value::from);
        }
        let end = rest.find([' ', ')', ',']).unwrap_or(rest.len());
        let (bare, after) = rest.split_at(end);
        self.0 = after;
        match bare {
            "" => None,
            "true" => Some(Value::from(true)),
            "false" => Some(Value::from(false)),
            "null" => Some(Value::Null),
            // A number, or else a timestamp or guid, which stand without quotes.
            bare => Some(serde_json::from_str(bare).unwrap_or_else(|_| Value::from(bare))),
        }
    }
}
