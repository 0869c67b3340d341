//! The keys that the provider publishes (RFC 7517), and signatures by them.

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation};
use serde::Deserialize;
use serde_json::Value;

use crate::claims::Claims;

/// All keys of which the program knows what to do with them.
#[derive(Debug, Clone)]
pub(crate) struct Keys(Vec<Jwk>);

#[derive(Debug, Deserialize)]
pub(crate) struct Published {
    keys: Vec<Value>,
}

/// Why a token does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unsigned {
    /// No key is known that it names. The provider may have new ones.
    UnknownKey,
    Bad(&'static str),
}

const NO_TOKEN: Unsigned = Unsigned::Bad("this is no token that can be read");

/// Whether one of the algorithms that count: all with a public key, and each of 112 bits at least. `none`
/// and what is signed with a shared secret are not among them.
const fn counts(algorithm: Algorithm) -> bool {
    matches!(algorithm, Algorithm::RS256 | Algorithm::PS256 | Algorithm::ES256 | Algorithm::EdDSA)
}

impl From<Published> for Keys {
    /// What is not known, or is there to encrypt, is as if it were not there.
    fn from(published: Published) -> Self {
        let keys = published.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok());
        let signs = |key: &Jwk| {
            key.common
                .public_key_use
                .as_ref()
                .is_none_or(|for_what| *for_what == PublicKeyUse::Signature)
        };
        Self(keys.filter(signs).collect())
    }
}

impl Keys {
    /// What a token says, if one of these keys signed it.
    pub(crate) fn verify(&self, token: &str) -> Result<Claims, Unsigned> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| NO_TOKEN)?;
        if !counts(header.alg) {
            return Err(Unsigned::Bad("the token is signed in a way that does not count here"));
        }
        // RFC 7515, 4.1.11: what must be understood and is not.
        if header.crit.is_some() {
            return Err(Unsigned::Bad("the token asks for what is not known here"));
        }
        let is_token = |kind: &str| {
            let kind = kind.to_ascii_lowercase();
            matches!(kind.trim_start_matches("application/"), "jwt" | "at+jwt")
        };
        if header.typ.as_deref().is_some_and(|kind| !is_token(kind)) {
            return Err(Unsigned::Bad("the token is of a kind that does not count here"));
        }
        let key = DecodingKey::from_jwk(self.find(&header)?)
            .map_err(|_| Unsigned::Bad("the key of the provider cannot be used"))?;
        let mut validation = Validation::new(header.alg);
        // What it says is looked at by `Claims::check`, with a clock that tests hold.
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        jsonwebtoken::decode(token, &key, &validation)
            .map(|token| token.claims)
            .map_err(|_| Unsigned::Bad("the signature of the token is not good"))
    }

    /// The key that is named, or the only one that could be meant.
    fn find(&self, header: &Header) -> Result<&Jwk, Unsigned> {
        let mut fitting = self.0.iter().filter(|key| fits(key, header.alg));
        match &header.kid {
            Some(id) => fitting
                .find(|key| key.common.key_id.as_ref() == Some(id))
                .ok_or(Unsigned::UnknownKey),
            None => match (fitting.next(), fitting.next()) {
                (Some(only), None) => Ok(only),
                (None, _) => Err(Unsigned::UnknownKey),
                (Some(_), Some(_)) => {
                    Err(Unsigned::Bad("the token does not say which key signed it"))
                }
            },
        }
    }
}

/// A key is used with the algorithm it was made for: what is one kind of key to the signer must not
/// be another to us.
fn fits(key: &Jwk, algorithm: Algorithm) -> bool {
    let of = &key.algorithm;
    // Secrets, and what is not known, are none of them.
    let is_rsa = matches!(of, AlgorithmParameters::RSA(_));
    let is_p256 = matches!(of, AlgorithmParameters::EllipticCurve(one)
        if one.curve == EllipticCurve::P256);
    let is_ed25519 = matches!(of, AlgorithmParameters::OctetKeyPair(one)
        if one.curve == EllipticCurve::Ed25519);
    let is_kind = (is_rsa && matches!(algorithm, Algorithm::RS256 | Algorithm::PS256))
        || (is_p256 && algorithm == Algorithm::ES256)
        || (is_ed25519 && algorithm == Algorithm::EdDSA);
    let is_named = match &key.common.key_algorithm {
        None => true,
        Some(KeyAlgorithm::RS256) => algorithm == Algorithm::RS256,
        Some(KeyAlgorithm::PS256) => algorithm == Algorithm::PS256,
        Some(KeyAlgorithm::ES256) => algorithm == Algorithm::ES256,
        Some(KeyAlgorithm::EdDSA) => algorithm == Algorithm::EdDSA,
        // What counts for nothing here, or encrypts.
        Some(_) => false,
    };
    is_kind && is_named
}
