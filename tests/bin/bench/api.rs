//! The API, as a program uses it: one connection, kept.

use std::net::SocketAddr;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Outcome;

pub(crate) struct Api {
    base: String,
    token: String,
    http: reqwest::Client,
}

impl Api {
    pub(crate) fn new(address: SocketAddr, token: &str) -> Outcome<Self> {
        // A placement of a million devices is one request.
        let http = reqwest::Client::builder().timeout(Duration::from_mins(10)).build()?;
        Ok(Self { base: format!("http://{address}/api/v1"), token: token.to_owned(), http })
    }

    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Outcome<T> {
        self.answer("GET", path, self.http.get(format!("{}{path}", self.base))).await
    }

    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Outcome<T> {
        let request = self.http.post(format!("{}{path}", self.base)).json(body);
        self.answer("POST", path, request).await
    }

    /// An answer that is read piece by piece.
    pub(crate) async fn stream(&self, path: &str) -> Outcome<reqwest::Response> {
        let request = self.http.get(format!("{}{path}", self.base));
        Ok(request.bearer_auth(&self.token).send().await?.error_for_status()?)
    }

    async fn answer<T: DeserializeOwned>(
        &self,
        method: &str,
        path: &str,
        request: reqwest::RequestBuilder,
    ) -> Outcome<T> {
        let answer = request.bearer_auth(&self.token).send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        if !status.is_success() {
            return Err(format!("{method} {path}: {status} {text}").into());
        }
        Ok(serde_json::from_str(&text)?)
    }
}
