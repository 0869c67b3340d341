//! What a token says, and whether it is said to us and now. No clock is read here.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::{Builder, Uuid};

/// How far the provider's clock and ours may be apart, in seconds.
const LEEWAY: i64 = 60;
/// Longer names would not be taken for a token either.
const LONGEST_NAME: usize = 100;

/// RFC 7519, 4.1, and what OpenID Connect Core 1.0, 2 adds to it.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Claims {
    iss: String,
    pub(crate) sub: String,
    #[serde(default)]
    aud: Audience,
    exp: Option<i64>,
    nbf: Option<i64>,
    iat: Option<i64>,
    nonce: Option<String>,
    azp: Option<String>,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Default for Audience {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl Audience {
    fn all(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

impl Claims {
    /// Whether `issuer` said this to `audience`, and `now` lies in its time.
    pub(crate) fn check(
        &self,
        issuer: &str,
        audience: &str,
        now: DateTime<Utc>,
    ) -> Result<(), &'static str> {
        if self.iss != issuer {
            return Err("the token is of another issuer");
        }
        if self.sub.is_empty() {
            return Err("the token is about nobody");
        }
        if !self.aud.all().iter().any(|one| one == audience) {
            return Err("the token is for somebody else (its audience is not ours)");
        }
        let now = now.timestamp();
        let ends = self.exp.ok_or("the token has no end")?;
        if ends.saturating_add(LEEWAY) <= now {
            return Err("the token has expired");
        }
        let begins = self.nbf.unwrap_or(i64::MIN);
        let made = self.iat.ok_or("the token does not say when it was made")?;
        if begins.max(made) > now.saturating_add(LEEWAY) {
            return Err("the token is of the future");
        }
        Ok(())
    }

    /// Whether it answers this sign-in of this client (OpenID Connect Core 1.0, 3.1.3.7).
    pub(crate) fn check_answer(&self, client_id: &str, nonce: &str) -> Result<(), &'static str> {
        if self.nonce.as_deref() != Some(nonce) {
            return Err("the token answers another sign-in");
        }
        match &self.azp {
            Some(party) if party != client_id => Err("the token was made for another client"),
            None if self.aud.all().len() > 1 => {
                Err("the token does not say which client it is for")
            }
            Some(_) | None => Ok(()),
        }
    }

    /// A claim by its name, or by a JSON pointer such as `/realm_access/roles`.
    fn claim(&self, name: &str) -> Option<&Value> {
        let (first, rest) = match name.strip_prefix('/') {
            None => return self.rest.get(name),
            Some(path) => path.split_once('/').map_or((path, ""), |(first, rest)| (first, rest)),
        };
        let found = self.rest.get(first)?;
        if rest.is_empty() { Some(found) } else { found.pointer(&format!("/{rest}")) }
    }

    /// The texts of a claim; none: it is not there.
    pub(crate) fn groups(&self, name: &str) -> Option<Vec<String>> {
        match self.claim(name)? {
            Value::String(one) => Some(vec![one.clone()]),
            Value::Array(many) => {
                Some(many.iter().filter_map(Value::as_str).map(str::to_owned).collect())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
        }
    }

    /// What the person is called: by the claim, or else by address, or else by subject.
    pub(crate) fn name(&self, name: &str) -> String {
        let claims = [self.claim(name), self.claim("email")].into_iter().flatten();
        let fits = |text: &&str| {
            !text.is_empty()
                && text.chars().count() <= LONGEST_NAME
                && !text.chars().any(char::is_control)
        };
        let found = claims.filter_map(Value::as_str).map(str::trim).find(fits);
        let subject = || {
            let plain = self.sub.chars().filter(|letter| !letter.is_control());
            plain.take(LONGEST_NAME).collect()
        };
        found.map_or_else(subject, str::to_owned)
    }

    /// Adds what the provider says elsewhere of the same person.
    pub(crate) fn add(&mut self, more: Map<String, Value>) {
        for (name, value) in more {
            // What a token says goes before; a null says nothing.
            if self.rest.get(&name).is_none_or(Value::is_null) {
                self.rest.insert(name, value);
            }
        }
    }

    /// A UUIDv5 (RFC 9562, 5.5) of issuer and subject, which together tell everybody apart.
    pub(crate) fn person(&self) -> Uuid {
        // Names of URLs, as the RFC has them; no subject can look like the end of another issuer.
        let name = [Uuid::NAMESPACE_URL.as_bytes(), self.iss.as_bytes(), &[0], self.sub.as_bytes()];
        let digest =
            aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, &name.concat());
        let mut bytes = [0; 16];
        bytes.iter_mut().zip(digest.as_ref()).for_each(|(byte, of)| *byte = *of);
        Builder::from_sha1_bytes(bytes).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn claims(change: &[(&str, Value)]) -> Claims {
        let mut all = json!({ "iss": "https://id.example", "sub": "42", "aud": "us", "exp": NOW + 300,
            "iat": NOW - 10 });
        for (name, value) in change {
            all[*name] = value.clone();
        }
        serde_json::from_value(all).unwrap()
    }

    fn check(change: &[(&str, Value)]) -> Result<(), &'static str> {
        let now = DateTime::from_timestamp(NOW, 0).unwrap();
        claims(change).check("https://id.example", "us", now)
    }

    #[test]
    fn a_token_counts_for_us_and_in_its_time() {
        let seconds = |by: i64| json!(NOW + by);
        for good in [
            vec![],
            vec![("aud", json!(["them", "us"]))],
            vec![("exp", seconds(-59))],
            vec![("nbf", seconds(60))],
            vec![("iat", seconds(60))],
        ] {
            assert_eq!(check(&good), Ok(()), "{good:?}");
        }
        for bad in [
            vec![("iss", json!("https://id.example/"))],
            vec![("sub", json!(""))],
            vec![("aud", json!("them"))],
            vec![("aud", json!([]))],
            vec![("aud", json!("us and them"))],
            vec![("exp", seconds(-60))],
            vec![("exp", Value::Null)],
            vec![("nbf", seconds(61))],
            vec![("iat", seconds(61))],
            vec![("iat", Value::Null)],
        ] {
            assert!(check(&bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_answer_is_to_the_question_of_the_client() {
        let answer = |change: &[(&str, Value)]| claims(change).check_answer("us", "n").is_ok();
        assert!(answer(&[("nonce", json!("n"))]));
        assert!(answer(&[("nonce", json!("n")), ("azp", json!("us"))]));
        assert!(!answer(&[]));
        assert!(!answer(&[("nonce", json!("m"))]));
        assert!(!answer(&[("nonce", json!("n")), ("azp", json!("them"))]));
        let many = ("aud", json!(["us", "them"]));
        assert!(!answer(&[("nonce", json!("n")), many.clone()]));
        assert!(answer(&[("nonce", json!("n")), many, ("azp", json!("us"))]));
    }

    #[test]
    fn groups_are_found_by_name_and_by_pointer() {
        let claims = claims(&[
            ("groups", json!(["a", 1, "b"])),
            ("one", json!("a")),
            ("realm_access", json!({ "roles": ["r"] })),
            ("https://x/groups", json!(["c"])),
        ]);
        let groups = |name: &str| claims.groups(name);
        assert_eq!(groups("groups").unwrap(), ["a", "b"]);
        assert_eq!(groups("one").unwrap(), ["a"]);
        assert_eq!(groups("/realm_access/roles").unwrap(), ["r"]);
        assert_eq!(groups("https://x/groups").unwrap(), ["c"]);
        assert_eq!(groups("/groups").unwrap(), ["a", "b"]);
        assert_eq!(groups("nothing"), None);
        assert_eq!(groups("realm_access"), None);
    }

    #[test]
    fn names_fit_the_history_and_ids_tell_people_apart() {
        let name = |change: &[(&str, Value)]| claims(change).name("preferred_username");
        assert_eq!(name(&[("preferred_username", json!(" ana "))]), "ana");
        assert_eq!(name(&[("email", json!("ana@example"))]), "ana@example");
        assert_eq!(name(&[("preferred_username", json!("a\nb"))]), "42");
        assert_eq!(name(&[("preferred_username", json!("x".repeat(101)))]), "42");
        assert_eq!(name(&[("sub", json!("4\u{0}2"))]), "42");
        let one = claims(&[]).person();
        assert_eq!((one, one.get_version_num()), (claims(&[]).person(), 5));
        assert_ne!(one, claims(&[("sub", json!("43"))]).person());
        assert_ne!(
            one,
            claims(&[("iss", json!("https://id.example/4")), ("sub", json!("2"))]).person()
        );
    }
}
