//! A Windows build number, comparable.
//!
//! Knows nothing of which build belongs to which update.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// `10.0.26100.7171`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OsBuild {
    pub major: u32,
    pub minor: u32,
    pub build: u32,
    pub revision: u32,
}

/// Not four numbers with dots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a Windows build number")]
pub struct NotAnOsBuild;

impl fmt::Display for OsBuild {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { major, minor, build, revision } = self;
        write!(f, "{major}.{minor}.{build}.{revision}")
    }
}

impl FromStr for OsBuild {
    type Err = NotAnOsBuild;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut numbers = text.trim().split('.').map(str::parse);
        let mut next = || numbers.next().and_then(Result::ok).ok_or(NotAnOsBuild);
        let build = Self { major: next()?, minor: next()?, build: next()?, revision: next()? };
        numbers.next().is_none().then_some(build).ok_or(NotAnOsBuild)
    }
}
