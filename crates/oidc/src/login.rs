//! The way of a browser to the provider and back: state, nonce and PKCE (RFC 7636), which the browser
//! itself carries, sealed, so that any server of several can take it back.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::{digest, hkdf, rand};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::error::Refused;

/// For how long somebody may take to sign in, in seconds.
pub(crate) const PATIENCE: i64 = 600;

/// What the key is for, so that the same key seals nothing else.
const PURPOSE: &[u8] = b"concentric sign-in 1";

/// Where a browser is sent, and what it has to bring back.
#[derive(Clone, PartialEq, Eq)]
pub struct Leaving {
    pub location: Url,
    /// For a cookie.
    pub sealed: String,
    /// For how long that is good, in seconds.
    pub seconds: i64,
}

impl fmt::Debug for Leaving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leaving").finish_non_exhaustive()
    }
}

/// What a browser comes back with (RFC 6749, 4.1.2; RFC 9207).
#[derive(Clone, Default, Deserialize)]
pub struct Returned {
    pub code: Option<String>,
    pub state: Option<String>,
    pub iss: Option<String>,
    pub error: Option<String>,
}

impl fmt::Debug for Returned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Returned").finish_non_exhaustive()
    }
}

/// One sign-in under way.
#[derive(Serialize, Deserialize)]
pub(crate) struct Flow {
    pub(crate) state: String,
    pub(crate) nonce: String,
    pub(crate) verifier: String,
    /// A path of ours.
    pub(crate) return_to: String,
    /// Seconds since the epoch.
    ends: i64,
}

impl Flow {
    pub(crate) fn begin(return_to: &str, now: DateTime<Utc>) -> Result<Self, Refused> {
        let ends = now.timestamp().saturating_add(PATIENCE);
        let return_to = return_to.to_owned();
        Ok(Self { state: random()?, nonce: random()?, verifier: random()?, return_to, ends })
    }

    /// What the provider compares the verifier with.
    pub(crate) fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, self.verifier.as_bytes()))
    }
}

fn random() -> Result<String, Refused> {
    let mut bits = [0; 32];
    rand::fill(&mut bits).map_err(|_| Refused::Login("the system gives no random numbers"))?;
    Ok(URL_SAFE_NO_PAD.encode(bits))
}

/// Seals what a browser carries, with a key of its own that comes of the service's.
pub(crate) struct Sealer(RandomizedNonceKey);

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer(..)")
    }
}

const UNREADABLE: Refused =
    Refused::Login("this sign-in was begun elsewhere or long ago; begin again");

impl Sealer {
    /// None: the key cannot be used, which no key of 32 bytes is.
    pub(crate) fn new(key: &[u8; 32]) -> Option<Self> {
        let mut own = [0; 32];
        let secret = hkdf::Salt::new(hkdf::HKDF_SHA256, &[]).extract(key);
        secret.expand(&[PURPOSE], hkdf::HKDF_SHA256).ok()?.fill(&mut own).ok()?;
        RandomizedNonceKey::new(&AES_256_GCM, &own).ok().map(Self)
    }

    pub(crate) fn seal(&self, flow: &Flow) -> Result<String, Refused> {
        let cannot = Refused::Login("the sign-in cannot be sealed");
        let mut cipher = serde_json::to_vec(flow).map_err(|_| cannot.clone())?;
        let nonce = self.0.seal_in_place_append_tag(Aad::from(PURPOSE), &mut cipher);
        let nonce = nonce.map_err(|_| cannot)?;
        Ok(URL_SAFE_NO_PAD.encode([nonce.as_ref().as_slice(), &cipher].concat()))
    }

    pub(crate) fn open(&self, sealed: &str, now: DateTime<Utc>) -> Result<Flow, Refused> {
        let bytes = URL_SAFE_NO_PAD.decode(sealed).map_err(|_| UNREADABLE)?;
        let (nonce, cipher) = bytes.split_at_checked(NONCE_LEN).ok_or(UNREADABLE)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| UNREADABLE)?;
        let mut cipher = cipher.to_vec();
        let clear = self.0.open_in_place(nonce, Aad::from(PURPOSE), &mut cipher);
        let flow: Flow =
            serde_json::from_slice(clear.map_err(|_| UNREADABLE)?).map_err(|_| UNREADABLE)?;
        if flow.ends <= now.timestamp() { Err(UNREADABLE) } else { Ok(flow) }
    }
}

/// The error codes that the specifications know (RFC 6749, 4.1.2.1; OpenID Connect Core 1.0, 3.1.2.6);
/// others are not repeated to anybody.
pub(crate) fn known_error(code: &str) -> &'static str {
    const KNOWN: [&str; 12] = [
        "invalid_request",
        "unauthorized_client",
        "access_denied",
        "unsupported_response_type",
        "invalid_scope",
        "server_error",
        "temporarily_unavailable",
        "interaction_required",
        "login_required",
        "account_selection_required",
        "consent_required",
        "invalid_target",
    ];
    KNOWN.into_iter().find(|known| *known == code).unwrap_or("an error of its own")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flow_opens_in_its_time_with_its_key_and_unchanged() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let later = |seconds| now + chrono::TimeDelta::seconds(seconds);
        let seal = Sealer::new(&[1; 32]).unwrap();
        let flow = Flow::begin("/rollouts", now).unwrap();
        let sealed = seal.seal(&flow).unwrap();
        let opened = seal.open(&sealed, later(599)).unwrap();
        assert_eq!((opened.state, opened.return_to.as_str()), (flow.state.clone(), "/rollouts"));
        assert!(seal.open(&sealed, later(600)).is_err(), "too late");
        assert!(Sealer::new(&[2; 32]).unwrap().open(&sealed, now).is_err(), "another key");
        for at in [0, sealed.len() / 2, sealed.len() - 2] {
            let mut changed = sealed.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            assert!(seal.open(&String::from_utf8(changed).unwrap(), now).is_err(), "at {at}");
        }
        assert!(seal.open("", now).is_err());
        let other = Flow::begin("/", now).unwrap();
        assert_ne!(
            (other.state, other.nonce, other.verifier),
            (flow.state, flow.nonce, flow.verifier)
        );
    }

    /// RFC 7636, appendix B.
    #[test]
    fn the_challenge_is_that_of_the_specification() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let mut flow = Flow::begin("/", now).unwrap();
        flow.verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned();
        assert_eq!(flow.challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }
}
