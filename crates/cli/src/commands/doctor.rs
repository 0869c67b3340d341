//! `concentric doctor`: looks at all a client can see, and says what to do.
//!
//! What is asked of the server is here; what it means is decided in `doctor/`, by functions of what
//! was seen and of the time.

mod finding;
mod local;
mod server;
mod tenant;

use std::time::Duration;

use api_types::{Assessment, Enrollment, Rollout, StandingPause, Tenant, Token, WhoAmI};
use chrono::{DateTime, Utc};
use reqwest::header::DATE;
use serde_json::Value;
use tokio::time::Instant;

use super::Context;
use crate::args::Global;
use crate::client::{Client, Document, Query};
use crate::failure::{Exit, Failure};

use finding::{Finding, State};

/// What the server says of itself without being asked who one is.
#[derive(Debug)]
struct Hello {
    took: Duration,
    /// Its `Date` header; some proxies leave it out.
    date: Option<DateTime<Utc>>,
    /// The body of `/healthz`.
    body: String,
}

pub(crate) async fn run(context: &Context<'_>, global: &Global) -> Result<Exit, Failure> {
    let mut findings = local::findings(global, context.client.base());
    // A failure here is a finding: whoever asks what is wrong wants all of it.
    look(&context.client, &mut findings).await;
    finding::show(context.output, &findings)?;
    let is_wrong = findings.iter().any(|finding| finding.state == State::Wrong);
    Ok(if is_wrong { Exit::Error } else { Exit::Ok })
}

async fn look(client: &Client, findings: &mut Vec<Finding>) {
    let hello = match hello(client).await {
        Ok(hello) => hello,
        Err(failure) => {
            findings.push(server::unreachable(client.base(), &failure));
            return;
        }
    };
    let is_ours = hello.body.trim() == "ok";
    findings.push(server::reached(client.base(), hello.took, is_ours));
    if !is_ours {
        return;
    }
    findings.push(match ready(client).await {
        Ok((is_ready, said)) => server::ready(is_ready, &said),
        Err(failure) => server::unreachable(client.base(), &failure),
    });
    findings.push(server::clock(hello.date, Utc::now()));
    let me = match client.get::<WhoAmI>(&["whoami"], &Query::new()).await {
        Ok(me) => me.typed,
        Err(failure) => {
            findings.push(server::refused(&failure));
            return;
        }
    };
    // Only who may look at tokens sees their own; a refusal is no finding.
    let tokens = client.all::<Token>(&["tokens"], &Query::new()).await.unwrap_or_default();
    let mine = |token: &&Document<Token>| {
        token.typed.name == me.name
            && token.typed.revoked_at.is_none()
            && client.token_hint() == Some(token.typed.hint.as_str())
    };
    let now = hello.date.unwrap_or_else(Utc::now);
    let mine = tokens.iter().find(mine).map(|token| &token.typed);
    findings.push(server::token(&me, mine, now));
    if let Ok(document) = client.get::<Value>(&["openapi.json"], &Query::new()).await {
        findings.push(server::version(document.json["info"]["version"].as_str()));
    }
    tenants(client, now, findings).await;
}

async fn hello(client: &Client) -> Result<Hello, Failure> {
    let begun = Instant::now();
    let answer = client.raw("healthz").await?;
    let took = begun.elapsed();
    let date = answer.headers().get(DATE).and_then(|date| date.to_str().ok());
    let date = date.and_then(|date| DateTime::parse_from_rfc2822(date).ok());
    let body = text_of(answer).await;
    Ok(Hello { took, date: date.map(|date| date.to_utc()), body })
}

async fn ready(client: &Client) -> Result<(bool, String), Failure> {
    let answer = client.raw("readyz").await?;
    let is_ready = answer.status().is_success();
    Ok((is_ready, text_of(answer).await))
}

/// What cannot be read is as good as nothing said.
async fn text_of(answer: reqwest::Response) -> String {
    answer.text().await.unwrap_or_default()
}

async fn tenants(client: &Client, now: DateTime<Utc>, findings: &mut Vec<Finding>) {
    let tenants = match client.all::<Tenant>(&["tenants"], &Query::new()).await {
        Ok(tenants) => tenants,
        Err(failure) => {
            findings.push(server::unread("tenants", &failure));
            return;
        }
    };
    if tenants.is_empty() {
        findings.push(tenant::none());
    }
    for Document { typed, .. } in tenants {
        let id = typed.id.to_string();
        let name = typed.name.as_str();
        findings.push(tenant::connection(&typed));
        findings.extend(tenant::synced(&typed, now));
        let at = |what: &'static str| ["tenants", id.as_str(), what];
        match client.get_if_there::<Enrollment>(&at("enrollment")).await {
            Ok(found) => findings.extend(found.map(|f| tenant::enrollment(name, &f.typed))),
            Err(failure) => findings.push(server::unread("enrollment", &failure)),
        }
        match client.get_if_there::<Assessment>(&at("readiness")).await {
            Ok(found) => findings.extend(found.map(|f| tenant::readiness(name, &f.typed))),
            Err(failure) => findings.push(server::unread("readiness", &failure)),
        }
        match client.all::<StandingPause>(&at("pauses"), &Query::new()).await {
            Ok(all) => findings.extend(all.iter().map(|p| tenant::pause(name, &p.typed))),
            Err(failure) => findings.push(server::unread("pauses", &failure)),
        }
        match client.all::<Rollout>(&at("rollouts"), &Query::new()).await {
            Ok(all) => {
                let all: Vec<&Rollout> = all.iter().map(|rollout| &rollout.typed).collect();
                findings.push(tenant::work(name, &all, now));
            }
            Err(failure) => findings.push(server::unread("rollouts", &failure)),
        }
    }
}
