//! The token endpoint: client credentials, by secret or by signed assertion.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{Form, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use crate::config::Config;
use crate::http::{App, base};
use crate::permission::Roles;

const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const LIFETIME: Duration = Duration::from_secs(3599);

#[derive(Debug)]
pub(crate) struct Authority {
    tenant: Uuid,
    client_id: Uuid,
    secret: String,
    public_key: Option<String>,
    tokens: Mutex<HashMap<String, Token>>,
}

/// What is known of a token. A permission granted later needs a new one.
#[derive(Debug, Clone, Copy)]
struct Token {
    issued: Instant,
    roles: Roles,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    grant_type: String,
    client_id: String,
    scope: String,
    client_secret: Option<String>,
    client_assertion_type: Option<String>,
    client_assertion: Option<String>,
}

/// The claims that have to be there beside those the library checks.
#[derive(Debug, Deserialize)]
struct Claims {
    jti: String,
}

/// A refusal: HTTP status, OAuth error, AADSTS number, text.
type Refusal = (StatusCode, &'static str, u32, String);

impl Authority {
    pub(crate) fn new(config: &Config) -> Self {
        Self {
            tenant: config.tenant,
            client_id: config.client_id,
            secret: config.client_secret.clone(),
            public_key: config.client_public_key_pem.clone(),
            tokens: Mutex::new(HashMap::new()),
        }
    }

    /// What a Graph request with these headers may do, or why it is turned away.
    pub(crate) fn admits(&self, headers: &HeaderMap) -> Result<Roles, &'static str> {
        let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let Some(token) = given.and_then(|value| value.strip_prefix("Bearer ")) else {
            return Err("Access token is empty.");
        };
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        match tokens.get(token) {
            None => Err("IDX14100: JWT is not well formed, there are no dots (.)."),
            Some(token) if token.issued.elapsed() >= LIFETIME => {
                Err("Lifetime validation failed, the token is expired.")
            }
            Some(token) => Ok(token.roles),
        }
    }

    fn grant(
        &self,
        tenant: &str,
        asked: &Asked,
        base: &str,
        roles: Roles,
    ) -> Result<String, Refusal> {
        let refuse = |status, error, code, text: &str| Err((status, error, code, text.to_owned()));
        if tenant.parse() != Ok(self.tenant) {
            let text = format!("Tenant '{tenant}' not found.");
            return refuse(StatusCode::BAD_REQUEST, "invalid_request", 90_002, &text);
        }
        if asked.grant_type != "client_credentials" {
            let text = "The grant type is not supported over this endpoint.";
            return refuse(StatusCode::BAD_REQUEST, "unsupported_grant_type", 70_003, text);
        }
        if asked.client_id.parse() != Ok(self.client_id) {
            let text = "The application was not found in the directory.";
            return refuse(StatusCode::BAD_REQUEST, "unauthorized_client", 700_016, text);
        }
        if !asked.scope.ends_with("/.default") {
            let text = "The provided value for scope is not valid.";
            return refuse(StatusCode::BAD_REQUEST, "invalid_scope", 1_002_012, text);
        }
        match (&asked.client_secret, &asked.client_assertion) {
            (Some(secret), _) if *secret == self.secret => {}
            (Some(_), _) => {
                let text = "Invalid client secret provided.";
                return refuse(StatusCode::UNAUTHORIZED, "invalid_client", 7_000_215, text);
            }
            (None, Some(assertion)) => {
                let kind = asked.client_assertion_type.as_deref();
                if kind != Some(ASSERTION) || !self.verifies(assertion, tenant, base) {
                    let text = "Client assertion failed signature validation.";
                    return refuse(StatusCode::UNAUTHORIZED, "invalid_client", 700_027, text);
                }
            }
            (None, None) => {
                let text = "The request body must contain 'client_assertion' or 'client_secret'.";
                return refuse(StatusCode::UNAUTHORIZED, "invalid_client", 7_000_218, text);
            }
        }
        let part = || Uuid::new_v4().simple().to_string();
        let token = format!("eyJ{}.{}.{}", part(), part(), part());
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.retain(|_, token| token.issued.elapsed() < 2 * LIFETIME);
        tokens.insert(token.clone(), Token { issued: Instant::now(), roles });
        Ok(token)
    }

    fn verifies(&self, assertion: &str, tenant: &str, base: &str) -> bool {
        let Some(pem) = &self.public_key else { return false };
        let Ok(key) = DecodingKey::from_rsa_pem(pem.as_bytes()) else { return false };
        let client = self.client_id.to_string();
        let mut validation = Validation::new(Algorithm::RS256);
        // Microsoft's own libraries have gone over to PS256.
        validation.algorithms = vec![Algorithm::RS256, Algorithm::PS256];
        validation.validate_nbf = true;
        validation.set_audience(&[endpoint(base, tenant)]);
        validation.set_issuer(&[&client]);
        validation.sub = Some(client);
        validation.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
        jsonwebtoken::decode::<Claims>(assertion, &key, &validation)
            .is_ok_and(|token| !token.claims.jti.is_empty())
    }
}

fn endpoint(base: &str, tenant: &str) -> String {
    format!("{base}/{tenant}/oauth2/v2.0/token")
}

pub(crate) async fn issue(
    State(app): State<Arc<App>>,
    Path(tenant): Path<String>,
    headers: HeaderMap,
    Form(asked): Form<Asked>,
) -> Response {
    let roles = app.world().organisation.granted();
    match app.authority.grant(&tenant, &asked, &base(&headers), roles) {
        Ok(token) => Json(json!({
            "token_type": "Bearer",
            "expires_in": LIFETIME.as_secs(),
            "ext_expires_in": LIFETIME.as_secs(),
            "access_token": token,
        }))
        .into_response(),
        Err((status, error, code, text)) => {
            let (trace, correlation) = (Uuid::new_v4(), Uuid::new_v4());
            let body = json!({
                "error": error,
                "error_description": format!("AADSTS{code}: {text}"),
                "error_codes": [code],
                "timestamp": chrono::Utc::now().format("%Y-%m-%d %H:%M:%SZ").to_string(),
                "trace_id": trace,
                "correlation_id": correlation,
                "error_uri": format!("{}/error?code={code}", base(&headers)),
            });
            (status, Json(body)).into_response()
        }
    }
}

pub(crate) async fn discovery(Path(tenant): Path<String>, headers: HeaderMap) -> Response {
    let base = base(&headers);
    Json(json!({
        "issuer": format!("{base}/{tenant}/v2.0"),
        "authorization_endpoint": format!("{base}/{tenant}/oauth2/v2.0/authorize"),
        "token_endpoint": endpoint(&base, &tenant),
        "jwks_uri": format!("{base}/{tenant}/discovery/v2.0/keys"),
        "token_endpoint_auth_methods_supported":
            ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "response_types_supported": ["code", "id_token", "token"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }))
    .into_response()
}
