//! The sources of signals: which secret goes to which of them, and nowhere else.

use std::future::Future;
use std::pin::Pin;

use chrono::{DateTime, Utc};
use domain::ids::{SignalId, SupportDeskId, TenantId, WebhookId};
use domain::signal::{Context, Reading, Signal, Source};
use domain::support::desk::{Reference, Told};
use domain::webhook::{Message, Refusal, Tried};
use msgraph::SecretString;
use outbound::{Client, Login, Readers, Secret};
use store::signals::SignalRow;
use store::tenants::Credential;
use store::{Store, StoreError};
use uuid::Uuid;

use crate::config::Config;

#[derive(Debug, Clone)]
pub(crate) struct SignalSources {
    store: Store,
    client: Client,
    readers: Readers,
}

impl SignalSources {
    pub(crate) fn new(store: Store, config: &Config) -> Self {
        let client = Client::new(config.outbound.clone());
        let readers = Readers::new(client.clone(), config.log_analytics_url.clone());
        Self { store, client, readers }
    }

    /// What the source says at `now`.
    pub(crate) async fn read(
        &self,
        context: &Context,
        (id, signal): (SignalId, &Signal),
        now: DateTime<Utc>,
    ) -> Reading {
        let secret = self.secret(context.tenant, id, &signal.definition().source).await;
        let secret = secret.unwrap_or_else(|error| {
            tracing::warn!(%error, signal = %id, "the secret of a signal cannot be read");
            Secret::Unusable("its secret cannot be read; the server's log says why")
        });
        self.readers.read(signal, context, &secret, now).await
    }

    /// Sends a message to a receiver of events.
    pub(crate) async fn deliver(
        &self,
        tenant: TenantId,
        webhook: WebhookId,
        message: &Message,
        now: DateTime<Utc>,
    ) -> Tried {
        match self.store.webhook_target(tenant, webhook, now).await {
            Ok((url, secrets)) => {
                let secrets: Vec<SecretString> = secrets.into_iter().map(Into::into).collect();
                outbound::deliver(&self.client, &url, &secrets, message, now).await
            }
            Err(error) => {
                tracing::warn!(%error, %webhook, "the secret of a webhook cannot be read");
                Tried { status: None, latency_ms: 0, refusal: Some(Refusal::Secret) }
            }
        }
    }

    /// Hands a support request on to a desk.
    pub(crate) async fn hand_on(
        &self,
        tenant: TenantId,
        desk: SupportDeskId,
        told: &Told,
        now: DateTime<Utc>,
    ) -> (Tried, Option<Reference>) {
        match self.store.desk_target(tenant, desk).await {
            Ok((of, secret)) => {
                let ended = outbound::hand_on(&self.client, &of, &secret.into(), told, now).await;
                (ended.tried, ended.reference)
            }
            Err(error) => {
                tracing::warn!(%error, %desk, "the secret of a desk cannot be read");
                (Tried { status: None, latency_ms: 0, refusal: Some(Refusal::Secret) }, None)
            }
        }
    }

    async fn secret(
        &self,
        tenant: TenantId,
        id: SignalId,
        source: &Source,
    ) -> Result<Secret, StoreError> {
        match source {
            Source::Prometheus { .. } | Source::Webhook { .. } => {
                let secret = self.store.signal_secret(tenant, id).await?;
                Ok(secret.map_or(Secret::None, |secret| Secret::Given(secret.into())))
            }
            Source::Kql { client, .. } => self.login(tenant, id, *client).await,
        }
    }

    /// The application of the signal, or else the tenant's own.
    async fn login(
        &self,
        tenant: TenantId,
        id: SignalId,
        client: Option<Uuid>,
    ) -> Result<Secret, StoreError> {
        let connection = self.store.tenant_connection(tenant).await?;
        let (client_id, secret): (Uuid, SecretString) = match client {
            Some(client) => match self.store.signal_secret(tenant, id).await? {
                Some(secret) => (client, secret.into()),
                None => {
                    return Ok(Secret::Unusable("the application of this signal has no secret"));
                }
            },
            None => match connection.credential {
                Credential::Secret(secret) => (connection.client_id, secret.into()),
                Credential::Certificate { .. } => {
                    let why = "the tenant's application has a certificate and no secret: give the \
                               signal an application with a secret (client_id and secret)";
                    return Ok(Secret::Unusable(why));
                }
            },
        };
        Ok(Secret::Login(Login {
            url: connection.login_url,
            entra_tenant: connection.entra_tenant.0,
            client_id,
            secret,
        }))
    }
}

impl api::SignalReader for SignalSources {
    fn read<'a>(
        &'a self,
        signal: &'a SignalRow,
        context: &'a Context,
        now: DateTime<Utc>,
    ) -> Pin<Box<dyn Future<Output = Reading> + Send + 'a>> {
        Box::pin(self.read(context, (signal.id, &signal.signal), now))
    }
}
