//! Desks: where support requests are handed on to within an organisation, and in which words.
//!
//! A desk is a signed webhook, some addresses for e-mail, a table of `ServiceNow`, or a project of Jira. What is told there is a request
//! that was filed, and what is said and done about it afterwards.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Category, Severity};
use crate::ids::{SupportDeskId, SupportRequestId, TenantId};
use crate::outbox::{AddressError, EmailAddress, Letter, LetterError};

/// Longest line that `ServiceNow` keeps as `short_description`, and Jira as `summary`, in characters.
const LONGEST_SHORT_DESCRIPTION: usize = 160;
const LONGEST_SUMMARY: usize = 255;
/// And the subject of a letter.
const LONGEST_SUBJECT: usize = 160;

/// How a ticket system knows us.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Login {
    /// The secret is the password; of Jira in the cloud, an API token.
    Basic { user: String },
    /// The secret is the token.
    Bearer,
}

/// What a desk is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Way {
    /// Signed as Standard Webhooks describes it.
    Webhook,
    /// Letters to the addresses of its URL, `mailto:a@example.com,b@example.com` (RFC 6068). They go by the outbox.
    Mail,
    /// The Table API: <https://www.servicenow.com/docs/bundle/api-reference/page/integrate/inbound-rest/concept/c_TableAPI.html>.
    ServiceNow {
        table: String,
        /// Name, address or `sys_id` of who is said to call.
        caller: Option<String>,
        assignment_group: Option<String>,
        login: Login,
    },
    /// Version 3 of the REST API: <https://developer.atlassian.com/cloud/jira/platform/rest/v3/>.
    Jira { project: String, issue_type: String, login: Login },
}

impl Way {
    /// The word in tables and JSON.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Mail => "mail",
            Self::ServiceNow { .. } => "service_now",
            Self::Jira { .. } => "jira",
        }
    }
}

/// Which requests are handed on to a desk by themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    pub at_least: Severity,
    /// None: all of them.
    pub categories: Vec<Category>,
}

impl Choice {
    #[must_use]
    pub fn takes(&self, severity: Severity, category: Category) -> bool {
        severity >= self.at_least
            && (self.categories.is_empty() || self.categories.contains(&category))
    }
}

/// What is told of: the request as it was when that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    pub request: SupportRequestId,
    pub tenant: TenantId,
    pub tenant_name: String,
    pub title: String,
    pub description: String,
    pub severity: Severity,
    pub category: Category,
    /// `rollout 2026-11 B`.
    pub subject: String,
    pub requester: String,
    pub filed_at: DateTime<Utc>,
    /// SHA-256 of the evidence, in hexadecimal digits.
    pub evidence: String,
}

/// What was said or done after a request was filed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    pub id: Uuid,
    pub at: DateTime<Utc>,
    pub author: String,
    pub text: Option<String>,
    pub status: Option<String>,
    pub assignee: Option<String>,
}

/// One thing to be told to one desk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The same in every try of it.
    pub id: Uuid,
    pub about: About,
    /// None: the request was filed.
    pub said: Option<Said>,
    /// What the desk calls the request, if it is known there.
    pub reference: Option<Reference>,
    /// Tries since it was due, without this one.
    pub tries: u32,
    pub due_since: DateTime<Utc>,
}

/// What a desk calls a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// For the interface of the desk.
    pub key: String,
    /// For people: `INC0010023`, `UPD-12`.
    pub name: String,
}

/// What is to be told to a desk now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Duty {
    pub told: Vec<Told>,
    /// When there will be something again, if nobody asks.
    pub next: Option<DateTime<Utc>>,
}

/// What a desk is, for whoever speaks to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Desk {
    pub id: SupportDeskId,
    pub url: String,
    pub way: Way,
}

impl About {
    /// What a desk finds the request by again, so that it is made there once.
    #[must_use]
    pub fn correlation(&self) -> String {
        format!("concentric-{}", self.request.0.simple())
    }

    fn link(&self) -> String {
        format!("/api/v1/tenants/{}/support-requests/{}", self.tenant, self.request)
    }

    /// The description with what people need to know first, in paragraphs.
    fn paragraphs(&self) -> Vec<String> {
        let (tenant, subject, category) = (&self.tenant_name, &self.subject, self.category.word());
        let mut all: Vec<String> = self.description.lines().map(str::to_owned).collect();
        all.push(format!("About: {subject} of the tenant {tenant}; category {category}."));
        all.push(format!("Filed by {} at {}.", self.requester, self.filed_at.to_rfc3339()));
        all.push(format!("Evidence: {}/bundle, SHA-256 {}.", self.link(), self.evidence));
        all
    }
}

impl Said {
    fn paragraphs(&self) -> Vec<String> {
        let mut head = self.author.clone();
        if let Some(status) = &self.status {
            head = format!("{head}, now {}", status.replace('_', " "));
        }
        if let Some(assignee) = &self.assignee {
            head = format!("{head}, assigned to {assignee}");
        }
        let text = self.text.as_deref().unwrap_or_default();
        let mut all = vec![format!("{head}:")];
        all.extend(text.lines().map(str::to_owned));
        // By this it can be seen that it was told twice, should a server have died in between.
        all.push(format!("(note {} of {})", self.id, self.at.to_rfc3339()));
        all
    }
}

impl Told {
    /// What the header `webhook-id` says.
    #[must_use]
    pub fn header_id(&self) -> String {
        format!("msg_{}", self.id.simple())
    }

    /// The body of a webhook, byte for byte the same in every try.
    #[must_use]
    pub fn body(&self) -> String {
        let about = &self.about;
        let kind = if self.said.is_some() { "support.noted" } else { "support.filed" };
        let at = self.said.as_ref().map_or(about.filed_at, |said| said.at);
        let note = self.said.as_ref().map(|said| {
            json!({ "id": said.id, "at": said.at, "author": said.author, "text": said.text,
                "status": said.status, "assignee": said.assignee })
        });
        json!({
            "type": kind,
            "timestamp": at,
            "data": {
                "tenant": { "id": about.tenant, "name": about.tenant_name },
                "request": {
                    "id": about.request,
                    "title": about.title,
                    "description": about.description,
                    "severity": about.severity.word(),
                    "category": about.category.word(),
                    "about": about.subject,
                    "requester": about.requester,
                    "created_at": about.filed_at,
                    "bundle_sha256": about.evidence,
                    "link": about.link(),
                },
                "note": note,
            },
        })
        .to_string()
    }
}

/// The addresses of `mailto:a@example.com,b@example.com`; none if it is no such URL.
#[must_use]
pub fn addresses(url: &str) -> Option<Result<Vec<EmailAddress>, AddressError>> {
    let list = url.strip_prefix("mailto:")?;
    Some(list.split(',').map(|address| address.trim().parse()).collect())
}

/// The letter that tells of a request, or of what was said about it.
pub fn letter(about: &About, said: Option<&Said>) -> Result<Letter, LetterError> {
    let severity = about.severity.letter();
    let subject = cut(&format!("[{severity}] {}", about.title), LONGEST_SUBJECT);
    let paragraphs = said.map_or_else(|| about.paragraphs(), Said::paragraphs);
    let request = format!("Support request {} in Concentric.", about.request);
    Letter::plain(subject, format!("{}\n\n{request}\n", paragraphs.join("\n")))
}

/// The fields of a new incident: impact and urgency are 1 (high) to 3 (low), from which `ServiceNow` makes the priority.
#[must_use]
pub fn incident(about: &About, caller: Option<&str>, assignment_group: Option<&str>) -> Value {
    let degree = match about.severity {
        Severity::Critical => "1",
        Severity::Moderate => "2",
        Severity::Minimal => "3",
    };
    let mut fields = json!({
        "short_description": cut(&about.title, LONGEST_SHORT_DESCRIPTION),
        "description": about.paragraphs().join("\n"),
        "urgency": degree,
        "impact": degree,
        "correlation_id": about.correlation(),
        "correlation_display": "Concentric",
    });
    if let Some(caller) = caller {
        fields["caller_id"] = caller.into();
    }
    if let Some(group) = assignment_group {
        fields["assignment_group"] = group.into();
    }
    fields
}

/// What is added to an incident; whoever called sees it.
#[must_use]
pub fn incident_comment(said: &Said) -> Value {
    json!({ "comments": said.paragraphs().join("\n") })
}

/// A new issue. Its label is what it is found by again.
#[must_use]
pub fn issue(about: &About, project: &str, issue_type: &str) -> Value {
    json!({ "fields": {
        "project": { "key": project },
        "issuetype": { "name": issue_type },
        "summary": cut(&about.title, LONGEST_SUMMARY),
        "description": document(&about.paragraphs()),
        "labels": ["concentric", about.correlation(), format!("severity-{}", about.severity.word())],
    } })
}

/// What is added to an issue.
#[must_use]
pub fn issue_comment(said: &Said) -> Value {
    json!({ "body": document(&said.paragraphs()) })
}

/// The question by which an issue is found again.
#[must_use]
pub fn issue_query(about: &About, project: &str) -> Value {
    let jql = format!("project = \"{project}\" AND labels = \"{}\"", about.correlation());
    json!({ "jql": jql, "maxResults": 1, "fields": ["summary"] })
}

/// Paragraphs in the Atlassian Document Format, in which nothing is markup. A text of no letters is refused
/// there, so an empty line is a paragraph of nothing.
fn document(paragraphs: &[String]) -> Value {
    let paragraph = |text: &String| {
        let text = text.trim_end();
        let content =
            if text.is_empty() { json!([]) } else { json!([{ "type": "text", "text": text }]) };
        json!({ "type": "paragraph", "content": content })
    };
    let content: Vec<Value> = paragraphs.iter().map(paragraph).collect();
    json!({ "type": "doc", "version": 1, "content": content })
}

/// One line of at most so many characters.
fn cut(text: &str, most: usize) -> String {
    let line: String =
        text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    if line.chars().count() <= most {
        return line;
    }
    let start: String = line.chars().take(most.saturating_sub(1)).collect();
    format!("{start}…")
}
