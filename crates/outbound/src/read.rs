//! Reads a signal, whatever its source. Never fails: what went wrong is a reading too.

use chrono::{DateTime, Utc};
use domain::signal::{Context, Language, Measure, Outcome, Reading, Signal, Source, Words};
use secrecy::SecretString;
use uuid::Uuid;

use crate::client::Client;
use crate::error::OutboundError;
use crate::{kql, number, prometheus, webhook};

/// Who asks a workspace.
#[derive(Debug, Clone)]
pub struct Login {
    /// `https://login.microsoftonline.com`, or a simulator.
    pub url: String,
    pub entra_tenant: Uuid,
    pub client_id: Uuid,
    pub secret: SecretString,
}

/// What a source asks for.
#[derive(Debug, Clone)]
pub enum Secret {
    None,
    /// The token of a Prometheus, or the key that signs what a webhook is told.
    Given(SecretString),
    Login(Login),
    /// There is none that could be used, and why.
    Unusable(&'static str),
}

/// Reads signals through the guarded client.
#[derive(Debug, Clone)]
pub struct Readers {
    client: Client,
    log_analytics: String,
}

impl Readers {
    /// Where Microsoft has the query API.
    pub const LOG_ANALYTICS: &str = "https://api.loganalytics.azure.com";

    #[must_use]
    pub fn new(client: Client, log_analytics: String) -> Self {
        Self { client, log_analytics }
    }

    /// What the source says at `now`.
    pub async fn read(
        &self,
        signal: &Signal,
        context: &Context,
        secret: &Secret,
        now: DateTime<Utc>,
    ) -> Reading {
        let reading = self.try_read(signal, context, secret, now).await;
        reading.unwrap_or_else(|error| Reading::new(now, Outcome::Error, &error.to_string()))
    }

    async fn try_read(
        &self,
        signal: &Signal,
        context: &Context,
        secret: &Secret,
        now: DateTime<Utc>,
    ) -> Result<Reading, OutboundError> {
        let given = match secret {
            Secret::Given(secret) => Some(secret),
            Secret::None | Secret::Login(_) => None,
            Secret::Unusable(why) => return Err(OutboundError::Secret(why)),
        };
        let definition = signal.definition();
        match &definition.source {
            Source::Webhook { url } => {
                let name = &definition.name;
                webhook::ask(&self.client, url, name, context, given, now).await
            }
            Source::Prometheus { url, measure } => {
                let asked = Asked::Prometheus { url, token: given };
                self.measured(measure, &asked, context, now).await
            }
            Source::Kql { workspace, measure, client: _ } => {
                let Secret::Login(login) = secret else {
                    return Err(OutboundError::Secret("a workspace needs an application's secret"));
                };
                let token = kql::token(&self.client, login).await?;
                let asked = Asked::Kql { workspace: *workspace, token };
                self.measured(measure, &asked, context, now).await
            }
        }
    }

    async fn measured(
        &self,
        measure: &Measure,
        asked: &Asked<'_>,
        context: &Context,
        now: DateTime<Utc>,
    ) -> Result<Reading, OutboundError> {
        let words = Words::from(context);
        let fill = |query: &str| {
            let filled = asked.language().fill(query, &words);
            filled.map_err(|misplaced| OutboundError::Query(misplaced.to_string()))
        };
        match measure {
            Measure::Value { query, threshold } => {
                number::value(self.ask(asked, &fill(query)?).await?, threshold, now)
            }
            Measure::Counts { failures, devices, rule } => {
                let (failures, devices) = (fill(failures)?, fill(devices)?);
                let failures = self.ask(asked, &failures).await?;
                number::counts(failures, self.ask(asked, &devices).await?, rule, now)
            }
        }
    }

    async fn ask(&self, asked: &Asked<'_>, query: &str) -> Result<Option<f64>, OutboundError> {
        match asked {
            Asked::Prometheus { url, token } => {
                prometheus::query(&self.client, url, query, *token).await
            }
            Asked::Kql { workspace, token } => {
                let base = &self.log_analytics;
                kql::query(&self.client, base, *workspace, query, token).await
            }
        }
    }
}

/// Who is asked for a number.
enum Asked<'a> {
    Prometheus { url: &'a str, token: Option<&'a SecretString> },
    Kql { workspace: Uuid, token: SecretString },
}

impl Asked<'_> {
    const fn language(&self) -> Language {
        match self {
            Self::Prometheus { .. } => Language::PromQl,
            Self::Kql { .. } => Language::Kql,
        }
    }
}
