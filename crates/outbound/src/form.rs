//! Forms that are posted, such as a token endpoint of OAuth takes.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};
use url::form_urlencoded::{Serializer, byte_serialize};

use crate::client::{Answer, Client, Request, bearer};
use crate::error::OutboundError;

/// A form, and where it goes. `Debug` shows neither.
pub struct Form<'a> {
    url: &'a str,
    fields: Vec<(&'a str, &'a str)>,
    login: Option<(&'a str, &'a SecretString)>,
}

impl fmt::Debug for Form<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Form(..)")
    }
}

impl<'a> Form<'a> {
    #[must_use]
    pub fn new(url: &'a str) -> Self {
        Self { url, fields: Vec::new(), login: None }
    }

    #[must_use]
    pub fn field(mut self, name: &'a str, value: &'a str) -> Self {
        self.fields.push((name, value));
        self
    }

    /// With `Authorization: Basic`, as OAuth has it (RFC 6749, 2.3.1).
    #[must_use]
    pub fn basic(mut self, name: &'a str, secret: &'a SecretString) -> Self {
        self.login = Some((name, secret));
        self
    }
}

impl Client {
    /// Posts a form.
    pub async fn post_form(&self, form: Form<'_>) -> Result<Answer, OutboundError> {
        let body = Serializer::new(String::new()).extend_pairs(&form.fields).finish();
        let mut headers = Vec::new();
        if let Some((name, secret)) = form.login {
            let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
            let login = format!("{}:{}", encoded(name), encoded(secret.expose_secret()));
            // Base64 is fit for a header.
            let mut value = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(login)))
                .map_err(|_| OutboundError::Secret("the secret holds what no header can"))?;
            value.set_sensitive(true);
            headers.push((AUTHORIZATION, value));
        }
        let body = Some(("application/x-www-form-urlencoded", body.into_bytes()));
        self.send(Request { method: Method::POST, url: form.url, query: &[], headers, body }).await
    }

    /// Reads from an address with a bearer token.
    pub async fn get_as(&self, url: &str, token: &SecretString) -> Result<Answer, OutboundError> {
        let headers = vec![bearer(token.expose_secret())?];
        self.send(Request { method: Method::GET, url, query: &[], headers, body: None }).await
    }
}
