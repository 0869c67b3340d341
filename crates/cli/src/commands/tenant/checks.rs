//! `concentric tenant checks` and `permissions`: what is looked at, what is needed, and why.

use api_types::{Check, Permission};
use clap::ValueEnum;

use crate::client::Query;
use crate::commands::Context;
use crate::failure::Failure;
use crate::text;

/// What permissions are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Capability {
    Assess,
    Register,
    Enroll,
    RollOut,
    ActOnDevices,
}

impl Capability {
    /// As the API says it.
    const fn word(self) -> &'static str {
        match self {
            Self::Assess => "assess",
            Self::Register => "register",
            Self::Enroll => "enroll",
            Self::RollOut => "roll_out",
            Self::ActOnDevices => "act_on_devices",
        }
    }
}

pub(crate) async fn show(context: &Context<'_>, wanted: Option<&str>) -> Result<(), Failure> {
    let path = ["readiness", "checks"];
    let mut checks = context.client.all::<Check>(&path, &Query::new()).await?;
    let Some(wanted) = wanted else {
        let head = ["check", "title", "at worst", "since", "until"];
        return context.output.list(&head, &checks, |check: &Check| {
            vec![
                check.id.clone(),
                check.title.clone(),
                text::level(check.failing).1.to_owned(),
                check.since.clone(),
                text::maybe(check.until.as_deref()),
            ]
        });
    };
    let Some(at) = checks.iter().position(|check| check.typed.id == wanted) else {
        return Err(Failure::NotFound(format!(
            "there is no check `{wanted}`; `concentric tenant checks` lists them"
        )));
    };
    let check = checks.swap_remove(at);
    let c = &check.typed;
    context.output.one(
        &check.json,
        &[
            ("check", c.id.clone()),
            ("title", c.title.clone()),
            ("rule", c.rule.clone()),
            ("at worst", text::level(c.failing).1.to_owned()),
            ("why", c.rationale.clone()),
            ("to do", c.remedy.clone()),
            ("enrollment can", text::maybe(c.fix.as_deref())),
            ("reads", c.reads.clone()),
            ("since", c.since.clone()),
            ("until", text::maybe(c.until.as_deref())),
            ("source", c.source.clone()),
        ],
    )
}

pub(crate) async fn permissions(
    context: &Context<'_>,
    capability: Option<Capability>,
) -> Result<(), Failure> {
    let mut permissions = context.client.all::<Permission>(&["permissions"], &Query::new()).await?;
    if let Some(capability) = capability {
        permissions.retain(|permission| {
            permission.typed.capabilities.iter().any(|word| word == capability.word())
        });
    }
    let head = ["permission", "for", "reason", "contained in", "role id"];
    context.output.list(&head, &permissions, |permission: &Permission| {
        let list = |words: &[String]| match words {
            [] => "-".to_owned(),
            words => words.join(", "),
        };
        vec![
            permission.value.clone(),
            list(&permission.capabilities),
            permission.reason.clone(),
            list(&permission.contained_in),
            permission.role_id.to_string(),
        ]
    })
}
