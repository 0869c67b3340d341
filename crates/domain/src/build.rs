//! Windows build numbers, the fact by which a device says what it runs.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A full Windows build, for example `10.0.26100.7171`. Ordered as Windows orders them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Build {
    pub major: u32,
    pub minor: u32,
    pub build: u32,
    /// The update build revision: what a quality update raises.
    pub revision: u32,
}

/// The text is not four numbers with dots between them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a Windows build such as 10.0.26100.7171")]
pub struct NotABuild(pub String);

impl Build {
    /// Whether a device on `self` already has what `target` brings: the same Windows version
    /// (same major, minor and build) at the same or a later revision. A quality update of one
    /// version says nothing about another.
    #[must_use]
    pub fn has(self, target: Self) -> bool {
        (self.major, self.minor, self.build) == (target.major, target.minor, target.build)
            && self.revision >= target.revision
    }

    /// Whether a device on `self` runs the Windows version of `target`, or a later one.
    #[must_use]
    pub fn has_version(self, target: Self) -> bool {
        (self.major, self.minor, self.build) >= (target.major, target.minor, target.build)
    }
}

impl fmt::Display for Build {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}.{}", self.major, self.minor, self.build, self.revision)
    }
}

impl FromStr for Build {
    type Err = NotABuild;
    fn from_str(text: &str) -> Result<Self, NotABuild> {
        let mut numbers = text.trim().split('.').map(str::parse);
        let mut next = || match numbers.next() {
            Some(Ok(number)) => Ok(number),
            Some(Err(_)) | None => Err(NotABuild(text.to_owned())),
        };
        let found = Self { major: next()?, minor: next()?, build: next()?, revision: next()? };
        match numbers.next() {
            None => Ok(found),
            Some(_) => Err(NotABuild(text.to_owned())),
        }
    }
}

impl From<Build> for String {
    fn from(build: Build) -> Self {
        build.to_string()
    }
}

impl TryFrom<String> for Build {
    type Error = NotABuild;
    fn try_from(text: String) -> Result<Self, NotABuild> {
        text.parse()
    }
}
