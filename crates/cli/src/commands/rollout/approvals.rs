//! `concentric rollout approve|approvals|withdraw-approval`.

use api_types::{Approval, Approvals, CreateApproval, RingName, Rollout, RolloutRing};
use clap::Args;

use super::{Context, Which};
use crate::client::{Document, Query};
use crate::confirm;
use crate::failure::Failure;
use crate::output::{Form, say, table, write, write_lines};
use crate::text;

#[derive(Debug, Args)]
pub(crate) struct Approve {
    #[command(flatten)]
    which: Which,
    /// The ring's name, or its position; the first is 0.
    #[arg(long, value_name = "RING")]
    ring: String,
    /// Why; kept in the history.
    #[arg(long, value_name = "TEXT")]
    comment: String,
    /// What you saw: `evidence` of the ring, from an earlier `rollout get --output json`. Read anew
    /// if not given.
    #[arg(long, value_name = "TEXT")]
    evidence: Option<String>,
    /// Do not ask.
    #[arg(long, short)]
    pub(super) yes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Withdraw {
    #[command(flatten)]
    which: Which,
    /// Id of the approval, or beginning of the id.
    approval: String,
}

impl Approve {
    pub(super) async fn run(self, context: &Context<'_>, tenant: &str) -> Result<(), Failure> {
        let rollout = self.which.find(context, tenant).await?.typed;
        let ring = ring_of(&rollout, &self.ring)?;
        say(&format!("approval of {}, ring {} ({}):", rollout.release_name, ring.ring, ring.name));
        say(&format!("  {}", seen(ring)));
        confirm::agree("It lets the next ring open, once the gate passes.", self.yes)?;
        let body = CreateApproval {
            ring: RingName::Position(ring.ring),
            plan_id: rollout.plan_id,
            evidence: self.evidence.unwrap_or_else(|| ring.evidence.clone()),
            comment: self.comment,
        };
        let id = rollout.id.to_string();
        let path = ["tenants", tenant, "rollouts", &id, "approvals"];
        let given: Document<Approval> = context.client.post(&path, &body).await?;
        let one = &given.typed;
        context.output.one(
            &given.json,
            &[
                ("approval", one.id.to_string()),
                ("ring", one.ring_name.clone()),
                ("by", one.by.clone()),
                ("counts until", text::time(one.expires_at)),
            ],
        )?;
        let name = &rollout.release_name;
        say(&format!("Approved. `concentric rollout approvals \"{name}\"` shows who is missing."));
        Ok(())
    }
}

impl Withdraw {
    pub(super) async fn run(self, context: &Context<'_>, tenant: &str) -> Result<(), Failure> {
        let rollout = self.which.find(context, tenant).await?.typed;
        let wanted = self.approval.to_ascii_lowercase();
        let all = read(context, tenant, &rollout).await?.typed.items;
        let found: Vec<&Approval> =
            all.iter().filter(|one| one.id.to_string().starts_with(&wanted)).collect();
        let [only] = found.as_slice() else {
            let lines = found.iter().map(|one| format!("\n  {}  {}", one.id, one.by));
            let name = &rollout.release_name;
            return Err(if found.is_empty() {
                Failure::NotFound(format!(
                    "there is no approval `{wanted}`; `concentric rollout approvals \"{name}\"` \
                     shows what there is"
                ))
            } else {
                Failure::Usage(format!(
                    "`{wanted}` can mean several approvals; say more of the id:{}",
                    lines.collect::<String>()
                ))
            });
        };
        let (rollout, id) = (rollout.id.to_string(), only.id.to_string());
        let path = ["tenants", tenant, "rollouts", &rollout, "approvals", &id];
        context.client.delete(&path).await?;
        say(&format!("Withdrawn: the approval of {} by {}.", only.ring_name, only.by));
        Ok(())
    }
}

pub(super) async fn list(
    context: &Context<'_>,
    tenant: &str,
    rollout: &Rollout,
) -> Result<(), Failure> {
    let all = read(context, tenant, rollout).await?;
    let rings = all.typed.rings.iter().map(|ring| {
        let anybody = || format!("anybody but {}", all.typed.author);
        vec![
            ring.name.clone(),
            format!("{} of {}", ring.counted.len(), ring.needed),
            if ring.met { "enough" } else { "missing" }.to_owned(),
            listed(&ring.counted).unwrap_or_else(|| "-".to_owned()),
            listed(&ring.approvers).unwrap_or_else(anybody),
        ]
    });
    let given = all.typed.items.iter().map(|one| {
        vec![
            one.ring_name.clone(),
            one.by.clone(),
            text::time(one.at),
            text::time(one.expires_at),
            one.ignored.as_ref().map_or_else(|| "counts".to_owned(), |why| format!("no: {why}")),
            one.comment.clone(),
            one.id.to_string(),
        ]
    });
    match context.output.form {
        Form::Table => {
            if all.typed.rings.is_empty() {
                say("No ring of this rollout asks for approvals.");
            }
            let head = ["ring", "approved", "", "by", "may approve"];
            write(&table(&head, rings.collect()))?;
            let head = ["ring", "by", "at", "until", "counts", "comment", "id"];
            write(&format!("\n{}", table(&head, given.collect())))
        }
        Form::Plain => {
            let rings = rings.map(|row| format!("ring\t{}", row.join("\t")));
            write_lines(rings.chain(given.map(|row| format!("approval\t{}", row.join("\t")))))
        }
        Form::Data(data) => data.document(&all.json),
    }
}

fn listed(names: &[String]) -> Option<String> {
    (!names.is_empty()).then(|| names.join(", "))
}

async fn read(
    context: &Context<'_>,
    tenant: &str,
    rollout: &Rollout,
) -> Result<Document<Approvals>, Failure> {
    let path = ["tenants", tenant, "rollouts", &rollout.id.to_string(), "approvals"];
    context.client.get(&path, &Query::new()).await
}

/// A name wins over a position.
fn ring_of<'a>(rollout: &'a Rollout, wanted: &str) -> Result<&'a RolloutRing, Failure> {
    let rings = &rollout.rings;
    let named = rings.iter().find(|ring| ring.name == wanted);
    let counted = || rings.iter().find(|ring| ring.ring.to_string() == wanted);
    named.or_else(counted).ok_or_else(|| {
        let there: Vec<String> =
            rings.iter().map(|ring| format!("  {}  {}", ring.ring, ring.name)).collect();
        Failure::NotFound(format!(
            "the rollout of {} has no ring `{wanted}`; it has:\n{}",
            rollout.release_name,
            there.join("\n")
        ))
    })
}

/// What is signed.
fn seen(ring: &RolloutRing) -> String {
    format!(
        "{} of {} confirmed, {} failed, {} lost, {} in flight",
        text::number(ring.confirmed),
        text::devices(ring.eligible),
        text::number(ring.failed),
        text::number(ring.lost),
        text::number(ring.in_flight),
    )
}
