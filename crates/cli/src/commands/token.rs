//! `concentric token` and `concentric whoami`.

use api_types::{CreateToken, CreatedToken, Grant, Role, Token, WhoAmI};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use uuid::Uuid;

use super::Context;
use crate::client::Query;
use crate::confirm;
use crate::failure::{Exit, Failure};
use crate::output::{Form, say, write_lines};
use crate::{find, text};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the tokens, those revoked and expired too.
    List,
    /// Make a token. Its text goes to stdout, this once; everything else goes to stderr.
    Create(Create),
    /// Revoke a token: it is refused from then on.
    Revoke {
        /// Id, beginning of the id, or name.
        token: String,
        /// Do not ask.
        #[arg(long, short)]
        yes: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Create {
    /// What changes made with it are signed with.
    name: String,
    /// What it may do; several add up. `docs/access.md` has the table.
    #[arg(long = "role", value_name = "ROLE", required = true, value_delimiter = ',')]
    roles: Vec<RoleArg>,
    /// Every tenant, those to come too; otherwise only the one of --tenant, or the only one there is.
    #[arg(long)]
    all_tenants: bool,
    /// The only ring set it may act on; can be given several times.
    #[arg(long = "ring-set", value_name = "NAME", conflicts_with = "all_tenants")]
    ring_sets: Vec<String>,
    /// How long it is good for, 1 to 365 days.
    #[arg(long, value_name = "NUMBER", default_value_t = 90)]
    days: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RoleArg {
    Viewer,
    Operator,
    #[value(alias = "release_manager")]
    ReleaseManager,
    Approver,
    #[value(alias = "policy_administrator")]
    PolicyAdministrator,
    Auditor,
    #[value(alias = "tenant_administrator")]
    TenantAdministrator,
}

impl From<RoleArg> for Role {
    fn from(role: RoleArg) -> Self {
        match role {
            RoleArg::Viewer => Self::Viewer,
            RoleArg::Operator => Self::Operator,
            RoleArg::ReleaseManager => Self::ReleaseManager,
            RoleArg::Approver => Self::Approver,
            RoleArg::PolicyAdministrator => Self::PolicyAdministrator,
            RoleArg::Auditor => Self::Auditor,
            RoleArg::TenantAdministrator => Self::TenantAdministrator,
        }
    }
}

/// The word used in JSON and tables.
const fn role(role: Role) -> &'static str {
    match role {
        Role::Viewer => "viewer",
        Role::Operator => "operator",
        Role::ReleaseManager => "release_manager",
        Role::Approver => "approver",
        Role::PolicyAdministrator => "policy_administrator",
        Role::Auditor => "auditor",
        Role::TenantAdministrator => "tenant_administrator",
    }
}

pub(crate) fn roles(all: &[Role]) -> String {
    all.iter().copied().map(role).collect::<Vec<_>>().join(" and ")
}

pub(crate) async fn run(command: Command, context: &Context<'_>) -> Result<Exit, Failure> {
    match command {
        Command::List => list(context).await?,
        Command::Create(create) => create.run(context).await?,
        Command::Revoke { token, yes } => revoke(context, &token, yes).await?,
    }
    Ok(Exit::Ok)
}

async fn list(context: &Context<'_>) -> Result<(), Failure> {
    let tokens = context.client.all(&["tokens"], &Query::new()).await?;
    let head =
        ["name", "begins", "roles", "tenant", "expires at", "last used at", "revoked at", "id"];
    context.output.list(&head, &tokens, |token: &Token| {
        vec![
            token.name.clone(),
            token.hint.clone(),
            roles(&token.roles),
            reach(token.tenant_id),
            token.expires_at.map_or_else(|| "never".to_owned(), text::time),
            text::maybe_time(token.last_used_at),
            text::maybe_time(token.revoked_at),
            token.id.to_string(),
        ]
    })
}

fn reach(tenant: Option<Uuid>) -> String {
    tenant.map_or_else(|| "every".to_owned(), |id| id.to_string())
}

impl Create {
    async fn run(self, context: &Context<'_>) -> Result<(), Failure> {
        let client = &context.client;
        let tenant = if self.all_tenants { None } else { Some(context.tenant().await?) };
        let mut sets = Vec::new();
        for name in &self.ring_sets {
            let tenant = tenant.as_deref().unwrap_or_default();
            sets.push(find::ring_set(client, tenant, name).await?.typed.id);
        }
        let body = CreateToken {
            name: self.name,
            roles: self.roles.into_iter().map(Role::from).collect(),
            tenant_id: tenant.as_deref().and_then(|id| Uuid::try_parse(id).ok()),
            ring_set_ids: Some(sets).filter(|sets| !sets.is_empty()),
            valid_days: Some(self.days),
        };
        let made = client.post::<CreatedToken>(&["tokens"], &body).await?;
        let CreatedToken { token, text: secret } = &made.typed;
        let until = token
            .expires_at
            .map_or_else(|| "for ever".to_owned(), |at| format!("until {}", text::time(at)));
        match context.output.form {
            // Alone on stdout, so that it can go straight to a file.
            Form::Table | Form::Plain => write_lines([secret.clone()])?,
            Form::Data(data) => data.document(&made.json)?,
        }
        say(&format!("Token {}: {}, good {until}.", token.name, roles(&token.roles)));
        say(
            "Its text is shown this once and kept nowhere. Keep it where only its user can read it.",
        );
        Ok(())
    }
}

async fn revoke(context: &Context<'_>, wanted: &str, yes: bool) -> Result<(), Failure> {
    confirm::can_ask(yes)?;
    let tokens = context.client.all::<Token>(&["tokens"], &Query::new()).await?;
    let is_meant = |id: Uuid| id.to_string().eq_ignore_ascii_case(wanted);
    // A name may be used again after its token was revoked.
    let tokens = tokens
        .into_iter()
        .filter(|token| token.typed.revoked_at.is_none() || is_meant(token.typed.id))
        .collect();
    let token = find::choose("token", wanted, tokens, |t: &Token| (t.id, &t.name))?.typed;
    if !yes {
        let used = text::maybe_time(token.last_used_at);
        say(&format!("This revokes the token {} ({}), last used {used}.", token.name, token.hint));
        confirm::typed(&token.name)?;
    }
    let id = token.id.to_string();
    context.client.delete(&["tokens", &id]).await?;
    if let Form::Data(_) = context.output.form {
        context.output.one(&json!({ "revoked": id, "name": token.name }), &[])?;
    }
    say(&format!("Revoked the token {}.", token.name));
    Ok(())
}

/// `concentric whoami`.
pub(crate) async fn whoami(context: &Context<'_>) -> Result<Exit, Failure> {
    let me = context.client.get::<WhoAmI>(&["whoami"], &Query::new()).await?;
    let mut fields =
        vec![("name", me.typed.name.clone()), ("server", context.client.base().to_string())];
    fields.extend(me.typed.grants.iter().map(|grant| ("may act as", granted(grant))));
    context.output.one(&me.json, &fields)?;
    Ok(Exit::Ok)
}

/// `viewer and approver, in tenant 0195.., on 2 ring sets`.
pub(crate) fn granted(grant: &Grant) -> String {
    let tenant = match grant.tenant_id {
        Some(id) => format!("in tenant {id}"),
        None => "in every tenant".to_owned(),
    };
    let sets = grant.ring_set_ids.as_ref().map(|sets| match sets.len() {
        1 => ", on 1 ring set".to_owned(),
        count => format!(", on {count} ring sets"),
    });
    format!("{}, {tenant}{}", roles(&grant.roles), sets.unwrap_or_default())
}
