//! Support desks: a request is handed on, or what was said about it. A ticket is looked for before it is made, so that
//! it is made once, whoever died in between.

use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use domain::support::desk::{
    Desk, Login, Reference, Told, Way, incident, incident_comment, issue, issue_comment,
    issue_query,
};
use domain::webhook::{Refusal, Tried};
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::Value;

use crate::client::{Answer, Client, Request, bearer};
use crate::deliver::{refused, signed};
use crate::error::OutboundError;

/// How handing on ended, and what the desk calls the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandedOn {
    pub tried: Tried,
    pub reference: Option<Reference>,
}

/// Hands one thing on. Never fails: what goes wrong is how it ended.
pub async fn hand_on(
    client: &Client,
    desk: &Desk,
    secret: &SecretString,
    told: &Told,
    now: DateTime<Utc>,
) -> HandedOn {
    let began = Instant::now();
    let mut reference = told.reference.clone();
    let outcome = match &desk.way {
        Way::Webhook => webhook(client, &desk.url, secret, told, now).await,
        Way::Mail => Err(OutboundError::Unexpected("letters go by the outbox")),
        Way::ServiceNow { .. } | Way::Jira { .. } => {
            ticket(client, desk, secret, told, &mut reference).await
        }
    };
    let (status, refusal) = match outcome {
        Ok(status) => (Some(status), Refusal::of_status(status)),
        Err(error) => refused(&error),
    };
    let latency_ms = u32::try_from(began.elapsed().as_millis()).unwrap_or(u32::MAX);
    HandedOn { tried: Tried { status, latency_ms, refusal }, reference }
}

async fn webhook(
    client: &Client,
    url: &str,
    secret: &SecretString,
    told: &Told,
    now: DateTime<Utc>,
) -> Result<u16, OutboundError> {
    let body = told.body();
    let secrets = std::slice::from_ref(secret);
    let headers = signed(secrets, &told.header_id(), now.timestamp(), &body)?;
    let body = Some(("application/json", body.into_bytes()));
    let request = Request { method: Method::POST, url, query: &[], headers, body };
    client.send(request).await.map(|answer| answer.status())
}

/// Makes sure that there is a ticket, then adds what was said. The ticket is kept in `reference` as soon as it
/// is known, also when the rest fails.
async fn ticket(
    client: &Client,
    desk: &Desk,
    secret: &SecretString,
    told: &Told,
    reference: &mut Option<Reference>,
) -> Result<u16, OutboundError> {
    let system = System { client, base: desk.url.trim_end_matches('/'), way: &desk.way, secret };
    let known = match reference.clone() {
        Some(known) => known,
        None => system.find_or_make(told).await?,
    };
    let known = reference.insert(known);
    match &told.said {
        None => Ok(200),
        Some(_) => system.add(told, known).await,
    }
}

struct System<'a> {
    client: &'a Client,
    base: &'a str,
    way: &'a Way,
    secret: &'a SecretString,
}

#[derive(Deserialize)]
struct Records {
    result: Vec<Record>,
}

#[derive(Deserialize)]
struct Made {
    result: Record,
}

#[derive(Deserialize)]
struct Record {
    sys_id: String,
    /// Not every table has one.
    #[serde(default)]
    number: Option<String>,
}

#[derive(Deserialize)]
struct Issues {
    issues: Vec<Issue>,
}

#[derive(Deserialize)]
struct Issue {
    key: String,
}

impl From<Record> for Reference {
    fn from(record: Record) -> Self {
        let name = record.number.unwrap_or_else(|| record.sys_id.clone());
        Self { key: record.sys_id, name }
    }
}

impl From<Issue> for Reference {
    fn from(issue: Issue) -> Self {
        Self { name: issue.key.clone(), key: issue.key }
    }
}

impl System<'_> {
    async fn find_or_make(&self, told: &Told) -> Result<Reference, OutboundError> {
        let reference = match self.way {
            // These know no tickets.
            Way::Webhook | Way::Mail => {
                return Err(OutboundError::Unexpected("a webhook has no tickets"));
            }
            Way::ServiceNow { table, caller, assignment_group, .. } => {
                let path = format!("/api/now/table/{table}");
                let query = format!("correlation_id={}", told.about.correlation());
                let query = [
                    ("sysparm_query", query.as_str()),
                    ("sysparm_fields", "sys_id,number"),
                    ("sysparm_limit", "1"),
                ];
                let found: Records = self.call(Method::GET, &path, &query, None).await?.json()?;
                if let Some(found) = found.result.into_iter().next() {
                    return checked(found.into());
                }
                let fields = incident(&told.about, caller.as_deref(), assignment_group.as_deref());
                let query = [("sysparm_fields", "sys_id,number")];
                let made: Made =
                    self.call(Method::POST, &path, &query, Some(&fields)).await?.json()?;
                made.result.into()
            }
            Way::Jira { project, issue_type, .. } => {
                let query = issue_query(&told.about, project);
                let path = "/rest/api/3/search/jql";
                let found: Issues =
                    self.call(Method::POST, path, &[], Some(&query)).await?.json()?;
                if let Some(found) = found.issues.into_iter().next() {
                    return checked(found.into());
                }
                let fields = issue(&told.about, project, issue_type);
                let path = "/rest/api/3/issue";
                let made: Issue =
                    self.call(Method::POST, path, &[], Some(&fields)).await?.json()?;
                made.into()
            }
        };
        checked(reference)
    }

    async fn add(&self, told: &Told, known: &Reference) -> Result<u16, OutboundError> {
        let Some(said) = &told.said else { return Ok(200) };
        let answer = match self.way {
            Way::Webhook | Way::Mail => {
                return Err(OutboundError::Unexpected("a webhook has no tickets"));
            }
            Way::ServiceNow { table, .. } => {
                let path = format!("/api/now/table/{table}/{}", known.key);
                let body = incident_comment(said);
                let query = [("sysparm_fields", "sys_id,number")];
                self.call(Method::PATCH, &path, &query, Some(&body)).await?
            }
            Way::Jira { .. } => {
                let path = format!("/rest/api/3/issue/{}/comment", known.key);
                self.call(Method::POST, &path, &[], Some(&issue_comment(said))).await?
            }
        };
        Ok(answer.status())
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Answer, OutboundError> {
        let url = format!("{}{path}", self.base);
        let login = match self.way {
            Way::ServiceNow { login, .. } | Way::Jira { login, .. } => login,
            Way::Webhook | Way::Mail => &Login::Bearer,
        };
        let headers = vec![authorization(login, self.secret)?];
        let body = body.map(|body| ("application/json", body.to_string().into_bytes()));
        self.client.send(Request { method, url: &url, query, headers, body }).await
    }
}

/// What an answer names goes into the path of the next call, so it is held to letters, digits and dashes.
fn checked(reference: Reference) -> Result<Reference, OutboundError> {
    let is_name = |text: &str| {
        (1..=100).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    if is_name(&reference.key) && is_name(&reference.name) {
        return Ok(reference);
    }
    Err(OutboundError::Unexpected("what it calls the ticket is no name"))
}

fn authorization(
    login: &Login,
    secret: &SecretString,
) -> Result<(HeaderName, HeaderValue), OutboundError> {
    match login {
        Login::Bearer => bearer(secret.expose_secret()),
        Login::Basic { user } => {
            let both = STANDARD.encode(format!("{user}:{}", secret.expose_secret()));
            let mut value = HeaderValue::from_str(&format!("Basic {both}"))
                .map_err(|_| OutboundError::Secret("the secret holds what no header can"))?;
            value.set_sensitive(true);
            Ok((AUTHORIZATION, value))
        }
    }
}
