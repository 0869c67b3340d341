//! A provider on a free port: discovery, keys, tokens, people.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::{Form, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use oidc::{Endurance, Provider, Settings};
use serde_json::{Value, json};

pub(crate) const NOW: i64 = 1_800_000_000;
pub(crate) const SECRET: &str = "a secret & more";

pub(crate) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(NOW, 0).unwrap()
}

/// A key that signs, and what is published of it.
#[derive(Clone)]
pub(crate) struct Signer {
    pub(crate) algorithm: Algorithm,
    pub(crate) key: EncodingKey,
    pub(crate) public: Value,
    pub(crate) id: String,
}

impl Signer {
    pub(crate) fn ed25519(id: &str) -> Self {
        use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
        let random = aws_lc_rs::rand::SystemRandom::new();
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap();
        let x = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
        let public = json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "kid": id, "x": x });
        let key = EncodingKey::from_ed_der(pkcs8.as_ref());
        Self { algorithm: Algorithm::EdDSA, key, public, id: id.to_owned() }
    }

    pub(crate) fn p256(id: &str) -> Self {
        let pkcs8 = aws_lc_rs::signature::EcdsaKeyPair::generate_pkcs8(
            &aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED_SIGNING,
            &aws_lc_rs::rand::SystemRandom::new(),
        );
        Self::of(Algorithm::ES256, EncodingKey::from_ec_der(pkcs8.unwrap().as_ref()), id)
    }

    pub(crate) fn rsa(algorithm: Algorithm, id: &str) -> Self {
        use aws_lc_rs::encoding::AsDer as _;
        use aws_lc_rs::rsa::{KeyPair, KeySize};
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let pkcs8: aws_lc_rs::encoding::Pkcs8V1Der<'_> = pair.as_der().unwrap();
        // What signs wants the key alone, which PKCS #8 wraps in 26 bytes.
        let key = pkcs8.as_ref()[26..].to_vec();
        Self::of(algorithm, EncodingKey::from_rsa_der(&key), id)
    }

    fn of(algorithm: Algorithm, key: EncodingKey, id: &str) -> Self {
        let mut jwk = Jwk::from_encoding_key(&key, algorithm).unwrap();
        jwk.common.key_id = Some(id.to_owned());
        let public = serde_json::to_value(jwk).unwrap();
        Self { algorithm, key, public, id: id.to_owned() }
    }

    pub(crate) fn sign(&self, claims: &Value) -> String {
        self.sign_as(claims, |_| {})
    }

    pub(crate) fn sign_as(&self, claims: &Value, change: impl FnOnce(&mut Header)) -> String {
        let mut header = Header::new(self.algorithm);
        header.kid = Some(self.id.clone());
        change(&mut header);
        jsonwebtoken::encode(&header, claims, &self.key).unwrap()
    }
}

/// Says that it is signed, and is not.
pub(crate) fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.", part(header), part(claims))
}

#[derive(Default)]
pub(crate) struct Says {
    pub(crate) keys: Vec<Value>,
    /// Of itself, over what is right.
    pub(crate) metadata: Value,
    pub(crate) id_token: String,
    pub(crate) person: Value,
    pub(crate) is_down: bool,
    /// What the token endpoint was told last.
    pub(crate) told: HashMap<String, String>,
    pub(crate) authorization: Option<String>,
}

#[derive(Clone)]
pub(crate) struct Played {
    pub(crate) issuer: String,
    pub(crate) says: Arc<Mutex<Says>>,
    pub(crate) discoveries: Arc<AtomicU32>,
}

impl Played {
    pub(crate) async fn new(keys: &[&Signer]) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let played = Self { issuer, says: Arc::default(), discoveries: Arc::default() };
        played.publish(keys);
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(keys_of))
            .route("/token", post(token))
            .route("/me", get(person))
            .with_state(played.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        played
    }

    pub(crate) fn publish(&self, keys: &[&Signer]) {
        self.says.lock().unwrap().keys = keys.iter().map(|key| key.public.clone()).collect();
    }

    pub(crate) fn discoveries(&self) -> u32 {
        self.discoveries.load(Ordering::SeqCst)
    }

    /// What is right to say, for the API.
    pub(crate) fn claims(&self) -> Value {
        json!({ "iss": self.issuer, "sub": "42", "aud": "the-api", "iat": NOW, "exp": NOW + 300,
            "preferred_username": "ana@contoso.example", "groups": ["ops", "staff"] })
    }

    /// A provider of the service that asks this one.
    pub(crate) fn provider(&self, endurance: Endurance) -> Provider {
        self.provider_with(endurance, "")
    }

    pub(crate) fn provider_with(&self, endurance: Endurance, more: &str) -> Provider {
        let home = std::env::temp_dir().join(format!("concentric-oidc-{}", uuid::Uuid::now_v7()));
        std::fs::create_dir(&home).unwrap();
        let text = format!(
            "issuer = '{}'\nclient_id = 'concentric'\naudience = 'the-api'\n{more}\n\
             [[grants]]\ngroup = 'ops'\nroles = ['operator', 'approver']\n\
             [[grants]]\ngroup = 'auditors'\nroles = ['auditor']\n",
            self.issuer
        );
        std::fs::write(home.join("secret"), format!("{SECRET}\n")).unwrap();
        std::fs::write(home.join("oidc.toml"), text).unwrap();
        let settings = Settings::load(&home.join("oidc.toml")).unwrap();
        std::fs::remove_dir_all(home).unwrap();
        let allow = settings.allows().unwrap().parse().unwrap();
        let limits = outbound::Limits { allow, ..outbound::Limits::default() };
        Provider::new(settings, outbound::Client::new(limits), &[7; 32], endurance).unwrap()
    }
}

/// Never kept from asking.
pub(crate) const EAGER: Endurance = Endurance {
    pause: Duration::ZERO,
    fresh: Duration::from_hours(1),
    stale: Duration::from_hours(1),
};

async fn discovery(State(played): State<Played>) -> Result<Json<Value>, StatusCode> {
    played.discoveries.fetch_add(1, Ordering::SeqCst);
    let says = played.says.lock().unwrap();
    if says.is_down {
        return Err(StatusCode::INTERNAL_SERVER_ERROR);
    }
    let issuer = &played.issuer;
    let mut metadata = json!({ "issuer": issuer, "authorization_endpoint": format!("{issuer}/auth?a=b"),
        "token_endpoint": format!("{issuer}/token"), "jwks_uri": format!("{issuer}/keys"),
        "userinfo_endpoint": format!("{issuer}/me") });
    for (name, value) in says.metadata.as_object().into_iter().flatten() {
        metadata[name] = value.clone();
    }
    Ok(Json(metadata))
}

async fn keys_of(State(played): State<Played>) -> Json<Value> {
    // What nobody here knows must not hide the rest.
    let mut keys = vec![json!({ "kty": "XYZ", "kid": "later" })];
    keys.extend(played.says.lock().unwrap().keys.clone());
    Json(json!({ "keys": keys }))
}

async fn token(
    State(played): State<Played>,
    headers: HeaderMap,
    Form(told): Form<HashMap<String, String>>,
) -> Result<Json<Value>, StatusCode> {
    let mut says = played.says.lock().unwrap();
    let is_right = told.get("code").is_some_and(|code| code == "good");
    says.told = told;
    let login = headers.get("authorization").and_then(|value| value.to_str().ok());
    says.authorization = login.map(str::to_owned);
    if !is_right {
        return Err(StatusCode::BAD_REQUEST);
    }
    let answer =
        json!({ "access_token": "opaque", "token_type": "Bearer", "id_token": says.id_token });
    Ok(Json(answer))
}

async fn person(
    State(played): State<Played>,
    headers: HeaderMap,
) -> Result<Json<Value>, StatusCode> {
    if headers.get("authorization").is_none_or(|value| value != "Bearer opaque") {
        return Err(StatusCode::UNAUTHORIZED);
    }
    Ok(Json(played.says.lock().unwrap().person.clone()))
}
