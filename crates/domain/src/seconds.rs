//! A length of time as whole seconds, for what is stored as JSON.

use chrono::TimeDelta;
use serde::{Deserialize as _, Deserializer, Serializer};

pub(crate) fn serialize<S: Serializer>(length: &TimeDelta, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_i64(length.num_seconds())
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<TimeDelta, D::Error> {
    let seconds = i64::deserialize(input)?;
    TimeDelta::try_seconds(seconds)
        .ok_or_else(|| serde::de::Error::custom(format!("{seconds} seconds is out of range")))
}
