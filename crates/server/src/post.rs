//! Letters to mail servers and chats: which secret goes where, and nowhere else.

use domain::ids::TenantId;
use domain::outbox::{Envelope, Recipient, Refusal, Tried};
use msgraph::SecretString;
use outbound::{Client, Mailer};
use store::{Store, StoreError};

use crate::config::Config;
use crate::error::ServerError;

#[derive(Debug, Clone)]
pub(crate) struct Post {
    store: Store,
    client: Client,
    /// None: this server has nobody to hand e-mail to.
    mailer: Option<Mailer>,
}

impl Post {
    /// Connects to nothing yet.
    pub(crate) fn new(store: Store, config: &Config) -> Result<Self, ServerError> {
        let mailer = config.smtp.as_ref().map(Mailer::new).transpose()?;
        Ok(Self { store, client: Client::new(config.outbound.clone()), mailer })
    }

    pub(crate) async fn send(&self, tenant: TenantId, envelope: &Envelope) -> Tried {
        let unsent = |refusal| Tried { code: None, latency_ms: 0, refusal: Some(refusal) };
        match &envelope.to {
            Recipient::Email(address) => match &self.mailer {
                Some(mailer) => mailer.send(address, envelope).await,
                None => unsent(Refusal::Unconfigured),
            },
            Recipient::Channel(channel) => {
                match self.store.channel_target(tenant, *channel).await {
                    Ok((chat, url)) => {
                        let url = SecretString::from(url);
                        outbound::post(&self.client, chat, &url, envelope).await
                    }
                    Err(StoreError::NotFound { .. }) => unsent(Refusal::Gone),
                    Err(error) => {
                        tracing::warn!(%error, %channel, "the address of a chat cannot be read");
                        unsent(Refusal::Secret)
                    }
                }
            }
        }
    }
}
