//! `concentric support create`.

use std::path::PathBuf;

use api_types::{Alert, CreateSupportRequest, SupportAbout, SupportRequest, SupportSubjectKind};
use clap::Args;

use super::{Category, Severity, category, found, severity, show};
use crate::client::Query;
use crate::commands::{Context, read_text};
use crate::failure::Failure;
use crate::find;

#[derive(Debug, Args)]
pub(crate) struct Create {
    /// What is the matter, in a line.
    title: String,
    /// What is the matter, and since when.
    #[arg(long, value_name = "TEXT", required_unless_present = "description_file")]
    description: Option<String>,
    /// The same from a file; `-` reads it from stdin.
    #[arg(long, value_name = "FILE", conflicts_with = "description")]
    description_file: Option<PathBuf>,
    #[arg(long, value_enum)]
    severity: Severity,
    #[arg(long, value_enum, default_value_t = Category::Other)]
    category: Category,
    #[command(flatten)]
    about: About,
    /// A request that this one goes on with: its title, id, or the beginning of its id.
    #[arg(long, value_name = "REQUEST")]
    follows: Option<String>,
}

/// What it is about: one thing, or the tenant if none is given.
#[derive(Debug, Args)]
#[group(multiple = false)]
struct About {
    /// A device: name, id, or the only beginning of a name.
    #[arg(long)]
    device: Option<String>,
    /// A rollout: id, beginning of the id, or name of the release.
    #[arg(long)]
    rollout: Option<String>,
    /// A release: name, id, or beginning of the id.
    #[arg(long)]
    release: Option<String>,
    /// A ring set: name, id, or beginning of the id.
    #[arg(long)]
    ring_set: Option<String>,
    /// An alert: id, or beginning of the id.
    #[arg(long)]
    alert: Option<String>,
}

impl Create {
    pub(super) async fn run(
        self: Box<Self>,
        context: &Context<'_>,
        tenant: &str,
    ) -> Result<(), Failure> {
        let description = match (self.description, self.description_file) {
            (Some(text), _) => text,
            (None, Some(file)) => read_text(&file)?.trim_end().to_owned(),
            (None, None) => return Err(Failure::Usage("a description is needed".to_owned())),
        };
        let follows = match &self.follows {
            Some(wanted) => Some(found(context, tenant, wanted).await?.typed.id),
            None => None,
        };
        let body = CreateSupportRequest {
            about: self.about.find(context, tenant).await?,
            title: self.title,
            description,
            severity: severity(self.severity),
            category: category(self.category),
            follows,
        };
        let path = ["tenants", tenant, "support-requests"];
        show(context, &context.client.post::<SupportRequest>(&path, &body).await?)
    }
}

impl About {
    async fn find(&self, context: &Context<'_>, tenant: &str) -> Result<SupportAbout, Failure> {
        let client = &context.client;
        let (kind, id) = if let Some(wanted) = &self.device {
            (SupportSubjectKind::Device, find::device(client, tenant, wanted).await?.id)
        } else if let Some(wanted) = &self.rollout {
            (SupportSubjectKind::Rollout, find::rollout(client, tenant, wanted).await?.typed.id)
        } else if let Some(wanted) = &self.release {
            (SupportSubjectKind::Release, find::release(client, tenant, wanted).await?.typed.id)
        } else if let Some(wanted) = &self.ring_set {
            (SupportSubjectKind::RingSet, find::ring_set(client, tenant, wanted).await?.typed.id)
        } else if let Some(wanted) = &self.alert {
            let query: Query = vec![("resolved", "true".to_owned())];
            let all = client.all(&["tenants", tenant, "alerts"], &query).await?;
            let alert = find::choose("alert", wanted, all, |a: &Alert| (a.id, &a.kind))?;
            (SupportSubjectKind::Alert, alert.typed.id)
        } else {
            return Ok(SupportAbout { kind: SupportSubjectKind::Tenant, id: None });
        };
        Ok(SupportAbout { kind, id: Some(id) })
    }
}
