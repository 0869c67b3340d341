//! The provider: what it says of itself, its keys, and what it says of people.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use outbound::{Client, Form, OutboundError};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::sync::{Mutex, RwLock};
use tokio::time::Instant;
use url::Url;

use crate::Person;
use crate::claims::Claims;
use crate::config::Settings;
use crate::error::Refused;
use crate::keys::{Keys, Published, Unsigned};
use crate::login::{self, Flow, Leaving, Returned, Sealer};

/// How often the provider is asked, and for how long its word holds.
#[derive(Debug, Clone, Copy)]
pub struct Endurance {
    /// Not asked again before, whatever keys tokens name: a sender must not make us call.
    pub pause: Duration,
    /// Asked anew after.
    pub fresh: Duration,
    /// Taken as it was for so long while the provider does not answer.
    pub stale: Duration,
}

impl Default for Endurance {
    fn default() -> Self {
        Self {
            pause: Duration::from_secs(10),
            fresh: Duration::from_hours(1),
            stale: Duration::from_hours(24),
        }
    }
}

/// OpenID Connect Discovery 1.0, 3.
#[derive(Debug, Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
}

#[derive(Debug)]
struct Known {
    metadata: Metadata,
    /// Where people sign in.
    door: Url,
    keys: Keys,
    read_at: Instant,
}

/// The token endpoint's answer (OpenID Connect Core 1.0, 3.1.3.3).
#[derive(Deserialize)]
struct Answer {
    id_token: String,
    access_token: String,
}

/// A provider as it is configured. Asked when first needed, so that the service starts without it.
pub struct Provider {
    settings: Settings,
    client: Client,
    sealer: Sealer,
    endurance: Endurance,
    known: RwLock<Option<Arc<Known>>>,
    /// When it was asked last; held while it is asked.
    asked: Mutex<Option<Instant>>,
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider").field("issuer", &self.settings.issuer).finish_non_exhaustive()
    }
}

impl Provider {
    /// `client` has to reach the host of the issuer. None if the key cannot be used.
    #[must_use]
    pub fn new(
        settings: Settings,
        client: Client,
        key: &[u8; 32],
        endurance: Endurance,
    ) -> Option<Self> {
        let sealer = Sealer::new(key)?;
        let (known, asked) = (RwLock::default(), Mutex::default());
        Some(Self { settings, client, sealer, endurance, known, asked })
    }

    /// Who a bearer token is about: a JWT for our audience.
    pub async fn person(&self, token: &str, now: DateTime<Utc>) -> Result<Person, Refused> {
        let claims = self.verify(token).await?;
        claims
            .check(&self.settings.issuer, &self.settings.audience, now)
            .map_err(Refused::Token)?;
        self.let_in(&claims)
    }

    /// Sends a browser to the provider.
    pub async fn begin(
        &self,
        redirect_uri: &str,
        return_to: &str,
        now: DateTime<Utc>,
    ) -> Result<Leaving, Refused> {
        let known = self.known().await?;
        let flow = Flow::begin(return_to, now)?;
        let mut location = known.door.clone();
        location
            .query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("scope", &self.settings.scopes.join(" "))
            .append_pair("state", &flow.state)
            .append_pair("nonce", &flow.nonce)
            .append_pair("code_challenge", &flow.challenge())
            .append_pair("code_challenge_method", "S256");
        Ok(Leaving { location, sealed: self.sealer.seal(&flow)?, seconds: login::PATIENCE })
    }

    /// Takes a browser back: the person, and the path that they wanted to see.
    pub async fn finish(
        &self,
        redirect_uri: &str,
        sealed: &str,
        returned: Returned,
        now: DateTime<Utc>,
    ) -> Result<(Person, String), Refused> {
        let flow = self.sealer.open(sealed, now)?;
        if returned.state.as_ref() != Some(&flow.state) {
            return Err(Refused::Login("the provider answered another sign-in; begin again"));
        }
        let known = self.known().await?;
        // RFC 9207: or another provider's answer could be slipped in.
        let must_say = known.metadata.authorization_response_iss_parameter_supported;
        match &returned.iss {
            Some(issuer) if *issuer != self.settings.issuer => {
                return Err(Refused::Login("another provider answered"));
            }
            None if must_say => return Err(Refused::Login("the answer does not say whose it is")),
            Some(_) | None => {}
        }
        if let Some(error) = returned.error {
            return Err(Refused::Declined(login::known_error(&error)));
        }
        let code = returned.code.ok_or(Refused::Login("the provider sent no code"))?;
        let answer = self.exchange(&known, redirect_uri, &code, &flow.verifier).await?;
        let mut claims = self.verify(&answer.id_token).await?;
        let client = &self.settings.client_id;
        claims.check(&self.settings.issuer, client, now).map_err(Refused::Token)?;
        claims.check_answer(client, &flow.nonce).map_err(Refused::Token)?;
        if claims.groups(&self.settings.groups_claim).is_none() {
            self.ask_more(&known, &mut claims, &answer.access_token.into()).await?;
        }
        Ok((self.let_in(&claims)?, flow.return_to))
    }

    /// Nobody gets in by being known alone.
    fn let_in(&self, claims: &Claims) -> Result<Person, Refused> {
        let groups = claims.groups(&self.settings.groups_claim).unwrap_or_default();
        let grants = self.settings.grants(&groups);
        let name = claims.name(&self.settings.name_claim);
        if grants.0.is_empty() {
            return Err(Refused::Nobody { name, groups });
        }
        Ok(Person { id: claims.person(), name, grants })
    }

    async fn exchange(
        &self,
        known: &Known,
        redirect_uri: &str,
        code: &str,
        verifier: &str,
    ) -> Result<Answer, Refused> {
        let client_id = self.settings.client_id.as_str();
        let mut form = Form::new(&known.metadata.token_endpoint)
            .field("grant_type", "authorization_code")
            .field("code", code)
            .field("redirect_uri", redirect_uri)
            .field("code_verifier", verifier);
        let ways = &known.metadata.token_endpoint_auth_methods_supported;
        let takes = |way: &str| ways.iter().any(|one| one == way);
        form = match &self.settings.client_secret {
            None => form.field("client_id", client_id),
            // Basic is what there is when nothing is said.
            Some(secret) if takes("client_secret_post") && !takes("client_secret_basic") => {
                form.field("client_id", client_id).field("client_secret", secret.expose_secret())
            }
            Some(secret) => form.basic(client_id, secret),
        };
        let answer = self.client.post_form(form).await.map_err(|why| {
            if let OutboundError::Status(400..500) = why {
                Refused::Login("the provider does not take the code back; begin again")
            } else {
                Refused::Provider { what: "a token", why }
            }
        })?;
        answer.json().map_err(|why| Refused::Provider { what: "a token", why })
    }

    /// Many providers keep groups out of the token (OpenID Connect Core 1.0, 5.3).
    async fn ask_more(
        &self,
        known: &Known,
        claims: &mut Claims,
        token: &SecretString,
    ) -> Result<(), Refused> {
        let Some(url) = &known.metadata.userinfo_endpoint else { return Ok(()) };
        let cannot = |why| Refused::Provider { what: "a person", why };
        let answer = self.client.get_as(url, token).await.map_err(cannot)?;
        let more: Map<String, Value> = answer.json().map_err(cannot)?;
        // 5.3.2: what is said of somebody else must not be used.
        if more.get("sub").and_then(Value::as_str) != Some(&claims.sub) {
            return Err(Refused::Untrusted("it says things of somebody else"));
        }
        claims.add(more);
        Ok(())
    }

    // What is known ------------------------------------------------------------------------------

    async fn verify(&self, token: &str) -> Result<Claims, Refused> {
        let known = self.known().await?;
        match known.keys.verify(token) {
            Ok(claims) => return Ok(claims),
            Err(Unsigned::Bad(why)) => return Err(Refused::Token(why)),
            Err(Unsigned::UnknownKey) => {}
        }
        // It may have changed its keys.
        let newer = self.ask_unless_since(known.read_at).await?;
        newer.keys.verify(token).map_err(|unsigned| match unsigned {
            Unsigned::UnknownKey => {
                Refused::Token("the token is signed by a key that is not known")
            }
            Unsigned::Bad(why) => Refused::Token(why),
        })
    }

    async fn known(&self) -> Result<Arc<Known>, Refused> {
        let known = self.known.read().await.clone();
        match known {
            Some(known) if known.read_at.elapsed() < self.endurance.fresh => Ok(known),
            Some(known) => self.ask_unless_since(known.read_at).await,
            None => self.ask().await,
        }
    }

    /// What is known, newer than what was read then if the provider may be asked already.
    async fn ask_unless_since(&self, read_at: Instant) -> Result<Arc<Known>, Refused> {
        match self.ask().await {
            Ok(known) => Ok(known),
            Err(refused) => {
                let known = self.known.read().await.clone();
                let known =
                    known.filter(|known| self.is_good(known)).ok_or_else(|| refused.clone())?;
                if known.read_at == read_at {
                    tracing::warn!(%refused, "what is known of the provider is taken for good still");
                }
                Ok(known)
            }
        }
    }

    /// Asks, one at a time and not too often.
    async fn ask(&self) -> Result<Arc<Known>, Refused> {
        let mut asked = self.asked.lock().await;
        if asked.is_some_and(|at| at.elapsed() < self.endurance.pause) {
            let known = self.known.read().await.clone();
            return known.filter(|known| self.is_good(known)).ok_or(Refused::Waiting);
        }
        *asked = Some(Instant::now());
        let known = Arc::new(self.discover().await?);
        *self.known.write().await = Some(known.clone());
        Ok(known)
    }

    fn is_good(&self, known: &Known) -> bool {
        known.read_at.elapsed() < self.endurance.stale
    }

    async fn discover(&self) -> Result<Known, Refused> {
        let issuer = &self.settings.issuer;
        let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let what = "what it is";
        let cannot = |why| Refused::Provider { what, why };
        let metadata: Metadata =
            self.client.get(&url).await.map_err(cannot)?.json().map_err(cannot)?;
        // 4.3: or somebody could speak for somebody else.
        if metadata.issuer != *issuer {
            return Err(Refused::Untrusted("it says it is another issuer than the configured one"));
        }
        let is_plain = issuer.starts_with("http://");
        let door = Url::parse(&metadata.authorization_endpoint)
            .map_err(|_| Refused::Untrusted("the place where people sign in is no URL"))?;
        if door.scheme() != "https" && !is_plain {
            return Err(Refused::Untrusted("people would have to sign in without https"));
        }
        let cannot = |why| Refused::Provider { what: "its keys", why };
        let keys: Published =
            self.client.get(&metadata.jwks_uri).await.map_err(cannot)?.json().map_err(cannot)?;
        Ok(Known { metadata, door, keys: keys.into(), read_at: Instant::now() })
    }
}
