//! The access token: fetched once for everybody who waits, renewed before it expires.
//!
//! The token itself never leaves this crate, and never appears in an error or a debug line.

use std::time::{Duration, Instant};

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use tokio::sync::Mutex;
use url::Url;
use uuid::Uuid;

use crate::assertion::Signer;
use crate::connection::{Connection, Credential, Limits};
use crate::error::{GraphError, short};
use crate::http;

const RENEW_BEFORE: Duration = Duration::from_mins(5);
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Holds the current token and knows how to get the next.
pub(crate) struct Tokens {
    endpoint: Url,
    scope: String,
    client_id: Uuid,
    proof: Proof,
    /// Held while fetching, so that a hundred waiting calls cost one request.
    current: Mutex<Option<Token>>,
}

enum Proof {
    Secret(SecretString),
    Certificate(Box<Signer>),
}

#[derive(Clone)]
struct Token {
    text: SecretString,
    renew_at: Instant,
    expires_at: Instant,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: u64,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Refused {
    error: String,
    error_description: String,
}

impl Tokens {
    pub(crate) fn new(connection: &Connection) -> Result<Self, GraphError> {
        let tenant = connection.entra_tenant;
        let endpoint = http::join(&connection.login_url, &format!("/{tenant}/oauth2/v2.0/token"))?;
        // The sovereign clouds use their own graph host; a simulator is asked for the usual one.
        let scope = if connection.graph_url.scheme() == "https" {
            format!("{}/.default", connection.graph_url.origin().ascii_serialization())
        } else {
            "https://graph.microsoft.com/.default".to_owned()
        };
        let proof = match &connection.credential {
            Credential::Secret(secret) => Proof::Secret(secret.clone()),
            Credential::Certificate { certificate_pem, private_key_pem } => {
                Proof::Certificate(Box::new(Signer::new(certificate_pem, private_key_pem)?))
            }
        };
        let client_id = connection.client_id;
        Ok(Self { endpoint, scope, client_id, proof, current: Mutex::new(None) })
    }

    /// The token to use; `refused` is one that Graph has just refused.
    pub(crate) async fn get(
        &self,
        http: &reqwest::Client,
        limits: &Limits,
        refused: Option<&SecretString>,
    ) -> Result<SecretString, GraphError> {
        let mut current = self.current.lock().await;
        let usable = current.as_ref().filter(|token| {
            refused.is_none_or(|refused| refused.expose_secret() != token.text.expose_secret())
        });
        let now = Instant::now();
        if let Some(token) = usable
            && now < token.renew_at
        {
            return Ok(token.text.clone());
        }
        match self.fetch(http, limits).await {
            Ok(token) => Ok(current.insert(token).text.clone()),
            // The old one still works for some minutes: a hiccup of the login need not hurt.
            Err(error) => match usable {
                Some(token) if error.is_transient() && now < token.expires_at => {
                    Ok(token.text.clone())
                }
                Some(_) | None => Err(error),
            },
        }
    }

    /// The next call fetches a token of its own.
    pub(crate) async fn forget(&self) {
        *self.current.lock().await = None;
    }

    async fn fetch(&self, http: &reqwest::Client, limits: &Limits) -> Result<Token, GraphError> {
        let path = self.endpoint.path().to_owned();
        let mut done = 0;
        loop {
            done += 1;
            let asked_at = Instant::now();
            let request =
                http.post(self.endpoint.clone()).form(&self.form()?).timeout(limits.timeout);
            let (error, wait) = match http::read(request, limits.max_body, &path).await {
                Ok(answer) if answer.is_success() => return granted(&answer.body, &path, asked_at),
                Ok(answer) if answer.status == 429 || answer.status >= 500 => {
                    (answer.error(), answer.retry_after())
                }
                Ok(answer) => return Err(self.refused(&answer.body, answer.status)),
                Err(failure) => (failure.error, None),
            };
            if done >= limits.attempts {
                return Err(error);
            }
            tokio::time::sleep(limits.wait(wait, done)).await;
        }
    }

    fn form(&self) -> Result<Vec<(&'static str, String)>, GraphError> {
        let mut form = vec![
            ("grant_type", "client_credentials".to_owned()),
            ("client_id", self.client_id.to_string()),
            ("scope", self.scope.clone()),
        ];
        match &self.proof {
            Proof::Secret(secret) => {
                form.push(("client_secret", secret.expose_secret().to_owned()));
            }
            Proof::Certificate(signer) => {
                form.push(("client_assertion_type", ASSERTION_TYPE.to_owned()));
                let assertion = signer.sign(self.endpoint.as_str(), self.client_id)?;
                form.push(("client_assertion", assertion));
            }
        }
        Ok(form)
    }

    fn refused(&self, body: &[u8], status: u16) -> GraphError {
        let refused: Refused = serde_json::from_slice(body).unwrap_or_default();
        let code = match refused.error.as_str() {
            "" => status.to_string(),
            code => short(code),
        };
        // Whatever answered may echo what it was sent.
        let description = match &self.proof {
            Proof::Secret(secret) => {
                refused.error_description.replace(secret.expose_secret(), "[secret]")
            }
            Proof::Certificate(_) => refused.error_description,
        };
        GraphError::Token { code, description: short(&description) }
    }
}

fn granted(body: &[u8], path: &str, asked_at: Instant) -> Result<Token, GraphError> {
    // The decoder's message could quote the token, so it is not passed on.
    let granted: Granted =
        serde_json::from_slice(body).map_err(|_| GraphError::decode(path, "not a token answer"))?;
    let lifetime = Duration::from_secs(granted.expires_in);
    Ok(Token {
        text: granted.access_token.into(),
        renew_at: asked_at + lifetime.saturating_sub(RENEW_BEFORE).max(lifetime / 2),
        expires_at: asked_at + lifetime,
    })
}
