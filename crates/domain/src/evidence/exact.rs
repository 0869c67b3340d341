//! A number of evidence as text, for what is stored as JSON.
//!
//! Text, because readers of JSON may round a number on its way in: a decision has to replay to
//! the bit. Rust writes the shortest text that reads back as the same `f64`.

use serde::{Deserialize as _, Deserializer, Serializer};

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
pub(crate) fn serialize<S: Serializer>(number: &f64, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_str(&number.to_string())
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<f64, D::Error> {
    let text = String::deserialize(input)?;
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        Ok(_) | Err(_) => Err(serde::de::Error::custom(format!("{text:?} is no finite number"))),
    }
}
