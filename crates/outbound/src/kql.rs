//! Log Analytics: the query API of Azure Monitor, with a token of its own for each reading.

use reqwest::Method;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::client::{Client, Request, bearer};
use crate::error::OutboundError;
use crate::read::Login;

const SCOPE: &str = "https://api.loganalytics.azure.com/.default";

#[derive(Deserialize)]
struct Granted {
    access_token: String,
}

#[derive(Deserialize)]
struct Tables {
    #[serde(default)]
    tables: Vec<Table>,
    /// Beside tables: the service gave up half-way.
    error: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Table {
    name: String,
    rows: Vec<Vec<Value>>,
}

/// A token for the query API.
pub(crate) async fn token(client: &Client, login: &Login) -> Result<SecretString, OutboundError> {
    let base = login.url.trim_end_matches('/');
    let url = format!("{base}/{}/oauth2/v2.0/token", login.entra_tenant);
    let body = Some(("application/x-www-form-urlencoded", form(login).into_bytes()));
    let request =
        Request { method: Method::POST, url: &url, query: &[], headers: Vec::new(), body };
    let granted = client.send(request).await.map_err(|error| {
        if let OutboundError::Status(status @ 400..500) = error {
            OutboundError::Login(status)
        } else {
            error
        }
    })?;
    granted.json::<Granted>().map(|granted| granted.access_token.into())
}

fn form(login: &Login) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "client_credentials")
        .append_pair("client_id", &login.client_id.to_string())
        .append_pair("client_secret", login.secret.expose_secret())
        .append_pair("scope", SCOPE)
        .finish()
}

/// The number in the first column of the only row; none when there is no row, or nothing in it.
pub(crate) async fn query(
    client: &Client,
    base: &str,
    workspace: Uuid,
    query: &str,
    token: &SecretString,
) -> Result<Option<f64>, OutboundError> {
    let url = format!("{}/v1/workspaces/{workspace}/query", base.trim_end_matches('/'));
    let body = json!({ "query": query }).to_string().into_bytes();
    let request = Request {
        method: Method::POST,
        url: &url,
        query: &[],
        headers: vec![bearer(token.expose_secret())?],
        body: Some(("application/json", body)),
    };
    let answer: Tables = client.send(request).await?.json()?;
    if answer.error.is_some() {
        return Err(OutboundError::Unexpected("the query was cut off: its result is partial"));
    }
    let table = answer.tables.iter().find(|table| table.name == "PrimaryResult");
    let table = table.ok_or(OutboundError::Unexpected("there is no PrimaryResult in it"))?;
    let row = match table.rows.as_slice() {
        [] => return Ok(None),
        [row] => row,
        rows => return Err(OutboundError::Several(rows.len())),
    };
    let number = match row.first() {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Number(number)) => number.as_f64(),
        // Decimals, and the numbers that JSON has no words for.
        Some(Value::String(text)) => match text.as_str() {
            "NaN" => Some(f64::NAN),
            text => text.parse().ok(),
        },
        Some(Value::Bool(yes)) => Some(f64::from(u8::from(*yes))),
        Some(Value::Array(_) | Value::Object(_)) => None,
    };
    number.map(Some).ok_or(OutboundError::Unexpected("its first column is no number"))
}
