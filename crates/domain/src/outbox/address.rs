//! Where e-mail goes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// RFC 5321 4.5.3.1: 64 bytes before the at sign, 255 after it, and 254 that fit into a command.
const MOST: usize = 254;
const MOST_LOCAL: usize = 64;

/// Why something is no address for e-mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AddressError {
    #[error("an e-mail address has one @ with something on either side of it")]
    Shape,
    #[error("an e-mail address is at most {MOST} characters long, and {MOST_LOCAL} before the @")]
    Long,
    #[error(
        "an e-mail address holds no spaces, quotes, brackets, commas or control characters here"
    )]
    Character,
    #[error("what follows the @ is no name of a host")]
    Host,
}

/// An address for e-mail: the plain form `local@host` that people use, and none of the quoted ones, which hide
/// more than they help.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress(String);

impl EmailAddress {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for EmailAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let bad = |c: char| !c.is_ascii_graphic() || "\"`()<>[],;:\\".contains(c);
        if text.contains(bad) {
            return Err(AddressError::Character);
        }
        let (local, host) = text.split_once('@').ok_or(AddressError::Shape)?;
        if local.is_empty() || host.is_empty() || host.contains('@') {
            return Err(AddressError::Shape);
        }
        if text.len() > MOST || local.len() > MOST_LOCAL {
            return Err(AddressError::Long);
        }
        if local.starts_with('.') || local.ends_with('.') || local.contains("..") {
            return Err(AddressError::Shape);
        }
        let label = |label: &str| {
            let inner = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            (1..=63).contains(&label.len())
                && inner
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        if !host.split('.').all(label) {
            return Err(AddressError::Host);
        }
        Ok(Self(format!("{local}@{}", host.to_ascii_lowercase())))
    }
}

impl TryFrom<String> for EmailAddress {
    type Error = AddressError;

    fn try_from(text: String) -> Result<Self, AddressError> {
        text.parse()
    }
}

impl From<EmailAddress> for String {
    fn from(address: EmailAddress) -> Self {
        address.0
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
