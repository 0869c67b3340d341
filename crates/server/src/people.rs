//! The provider of identities, for the API.

use std::sync::Arc;

use api::{Asked, Leaving, People, Returned, Stranger};
use chrono::Utc;
use oidc::{Endurance, Provider, Refused, Settings};
use store::sessions::Person;

use crate::config::Config;
use crate::error::ServerError;

#[derive(Debug)]
struct OfProvider(Provider);

/// The provider as it is configured, asked through the guarded client. What the operator named as the
/// issuer is allowed; what the provider refers to beyond that is not, unless it is public.
pub(crate) fn of(
    config: &Config,
    settings: Settings,
    key: &[u8; 32],
) -> Result<Arc<dyn People>, ServerError> {
    let mut limits = config.outbound.clone();
    if let Some(issuer) = settings.allows() {
        let issuer = issuer
            .parse()
            .map_err(|error: outbound::AllowError| ServerError::Provider(error.to_string()))?;
        limits.allow = limits.allow.and(issuer);
    }
    let client = outbound::Client::new(limits);
    let provider = Provider::new(settings, client, key, Endurance::default());
    let provider =
        provider.ok_or_else(|| ServerError::Provider("the key cannot be used".to_owned()))?;
    Ok(Arc::new(OfProvider(provider)))
}

fn person(person: oidc::Person) -> Person {
    let oidc::Person { id, name, grants } = person;
    Person { id, name, grants }
}

fn stranger(refused: Refused) -> Stranger {
    let said = refused.to_string();
    match refused {
        Refused::Token(_) | Refused::Login(_) | Refused::Declined(_) => Stranger::Unknown(said),
        Refused::Nobody { name, groups } => {
            // For whoever maps groups to roles; the person is not told which there are.
            tracing::warn!(%name, ?groups, "somebody without a role was turned away");
            Stranger::Nobody(name)
        }
        Refused::Provider { .. } | Refused::Waiting | Refused::Untrusted(_) => {
            Stranger::Unavailable(said)
        }
    }
}

impl People for OfProvider {
    fn person<'a>(&'a self, token: &'a str) -> Asked<'a, Person> {
        Box::pin(async { self.0.person(token, Utc::now()).await.map(person).map_err(stranger) })
    }

    fn begin<'a>(&'a self, redirect_uri: &'a str, return_to: &'a str) -> Asked<'a, Leaving> {
        Box::pin(async {
            let leaving = self.0.begin(redirect_uri, return_to, Utc::now()).await;
            let oidc::Leaving { location, sealed, seconds } = leaving.map_err(stranger)?;
            Ok(Leaving { location: location.into(), sealed, seconds })
        })
    }

    fn finish<'a>(
        &'a self,
        redirect_uri: &'a str,
        sealed: &'a str,
        returned: Returned,
    ) -> Asked<'a, (Person, String)> {
        Box::pin(async move {
            let Returned { code, state, iss, error } = returned;
            let returned = oidc::Returned { code, state, iss, error };
            let finished = self.0.finish(redirect_uri, sealed, returned, Utc::now()).await;
            finished.map(|(found, path)| (person(found), path)).map_err(stranger)
        })
    }
}
