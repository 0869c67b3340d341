//! The export: JSON lines, in order. A header, every entry with what its hash covers byte for byte,
//! each checkpoint right behind the entry it is of, and the end.
//!
//! A line has one spelling only: what [`Line`]'s `Display` writes. So a changed byte is a changed
//! line, and never another way to write the same.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::checkpoint::Checkpoint;
use crate::hex::Hash;
use crate::link::Link;

/// The version of this format.
pub const FORMAT: u8 = 1;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    Header(Header),
    Entry(Entry),
    Checkpoint(Checkpoint),
    End(End),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// [`FORMAT`].
    pub format: u8,
    /// Whose chain; nil for the service's own.
    pub tenant: Uuid,
}

/// One entry. Nothing in it is left out of its hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    pub seq: i64,
    #[serde(with = "at_micros")]
    pub at: DateTime<Utc>,
    pub rollout: Option<Uuid>,
    pub actor: String,
    pub kind: String,
    /// JSON, as a text: its bytes are what was hashed.
    pub body: String,
    pub previous: Hash,
    pub hash: Hash,
}

/// Where the chain stood when it was exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    pub seq: i64,
    pub hash: Hash,
    /// The `seq` of the last checkpoint above; 0 for none.
    pub checkpoint: i64,
}

impl Entry {
    /// The hash it should have.
    #[must_use]
    pub fn computed(&self, tenant: Uuid) -> Hash {
        let link = Link {
            tenant,
            previous: &self.previous.0,
            seq: self.seq,
            rollout: self.rollout,
            at: self.at,
            actor: &self.actor,
            kind: &self.kind,
            body: &self.body,
        };
        link.hash()
    }
}

impl Line {
    /// The line behind a text; none if it has another spelling, or is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let line: Self = serde_json::from_str(text).ok()?;
        (line.to_string() == text).then_some(line)
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

pub(crate) mod at_micros {
    //! Times with six digits after the point, in UTC.

    use chrono::{DateTime, Utc};
    use serde::{Deserialize as _, Deserializer, Serializer};

    use crate::link::moment;

    pub(crate) fn serialize<S: Serializer>(
        at: &DateTime<Utc>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&moment(*at))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<DateTime<Utc>, D::Error> {
        DateTime::deserialize(deserializer)
    }
}
