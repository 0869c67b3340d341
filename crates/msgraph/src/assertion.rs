//! The signed client assertion that stands in for a client secret.
//!
//! Never keeps the private key in readable form longer than parsing takes.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Utc;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use uuid::Uuid;

use crate::error::GraphError;

const LIFETIME_SECONDS: i64 = 300;

/// Signs assertions with one certificate's key.
pub(crate) struct Signer {
    header: Header,
    key: EncodingKey,
}

#[derive(Serialize)]
struct Claims<'a> {
    aud: &'a str,
    iss: String,
    sub: String,
    jti: Uuid,
    nbf: i64,
    iat: i64,
    exp: i64,
}

impl Signer {
    pub(crate) fn new(certificate_pem: &str, key_pem: &SecretString) -> Result<Self, GraphError> {
        let bad = |what: &str| GraphError::Configuration { what: what.to_owned() };
        let der = CertificateDer::from_pem_slice(certificate_pem.as_bytes())
            .map_err(|_| bad("the certificate is not PEM"))?;
        let key = EncodingKey::from_rsa_pem(key_pem.expose_secret().as_bytes())
            .map_err(|_| bad("the private key is not an RSA key in PEM"))?;
        let mut header = Header::new(Algorithm::RS256);
        header.x5t = Some(URL_SAFE_NO_PAD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, &der)));
        header.x5t_s256 = Some(URL_SAFE_NO_PAD.encode(digest(&SHA256, &der)));
        let signer = Self { header, key };
        // A key that parses may still be one that cannot sign: better to know it now.
        signer.sign("probe", Uuid::nil())?;
        Ok(signer)
    }

    pub(crate) fn sign(&self, audience: &str, client_id: Uuid) -> Result<String, GraphError> {
        let now = Utc::now().timestamp();
        let claims = Claims {
            aud: audience,
            iss: client_id.to_string(),
            sub: client_id.to_string(),
            jti: Uuid::new_v4(),
            nbf: now,
            iat: now,
            exp: now + LIFETIME_SECONDS,
        };
        jsonwebtoken::encode(&self.header, &claims, &self.key).map_err(|_| {
            GraphError::Configuration { what: "the private key cannot sign".to_owned() }
        })
    }
}
