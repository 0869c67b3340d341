//! Where and how people sign in, from the configuration.

use std::net::SocketAddr;

use audit::Hex;
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use msgraph::Url;

use crate::config::Config;
use crate::error::ServerError;
use crate::people;

/// With the link that signs in to a demo, if this is one.
pub(crate) fn settings(
    config: &Config,
    listener: SocketAddr,
    first_token: Option<&str>,
    key: &[u8; 32],
) -> Result<(api::SignIn, Option<String>), ServerError> {
    if let Some(url) = &config.public_url {
        check(url)?;
    }
    let own = format!("http://{listener}");
    let own = Url::parse(&own).map_err(|_| ServerError::PublicUrl { url: own })?;
    let base = config.public_url.clone().unwrap_or_else(|| own.clone());
    let mut sign_in = api::SignIn::new(config.public_url.clone(), own);
    if let Some(settings) = &config.oidc {
        sign_in = sign_in.with_people(people::of(config, settings.clone(), key)?);
    }
    let Some(token) = first_token.filter(|_| config.demo) else { return Ok((sign_in, None)) };
    let mut code = [0; 32];
    SystemRandom::new().fill(&mut code).map_err(|_| ServerError::NoRandomness)?;
    let code = Hex(code).to_string();
    let link = format!("{}/auth/demo?code={code}", base.as_str().trim_end_matches('/'));
    Ok((sign_in.with_demo(&code, token.to_owned()), Some(link)))
}

/// What may be given as the address of the service: a scheme and a host, without a path.
fn check(url: &Url) -> Result<(), ServerError> {
    let is_web = matches!(url.scheme(), "http" | "https") && url.has_host();
    let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let is_nobodys = url.username().is_empty() && url.password().is_none();
    if is_web && is_bare && is_nobodys {
        return Ok(());
    }
    Err(ServerError::PublicUrl { url: url.to_string() })
}
