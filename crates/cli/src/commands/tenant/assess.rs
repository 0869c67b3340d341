//! `concentric tenant assess`: runs the checks, waits for them and shows what they found.

use api_types::{Asked, AssessRequest, Assessment, AssessmentSummary, Finding, Level};
use clap::Args;

use crate::client::{Document, Query};
use crate::commands::Context;
use crate::failure::{Exit, Failure};
use crate::output::{Form, Output, Tone, say, write_lines};
use crate::text;
use crate::wait::{Look, Patience, Wait};

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Assess {
    /// Also try the addresses that must be reachable, from where the service stands.
    #[arg(long)]
    network: bool,
    /// Show the last run instead of running the checks.
    #[arg(long, conflicts_with_all = ["network", "history", "no_wait"])]
    last: bool,
    /// List the runs so far instead of running the checks.
    #[arg(long, conflicts_with_all = ["network", "no_wait"])]
    history: bool,
    /// Ask for it and do not wait.
    #[arg(long)]
    no_wait: bool,
    #[command(flatten)]
    patience: Patience,
}

impl Assess {
    pub(crate) async fn run(self, context: &Context<'_>) -> Result<Exit, Failure> {
        let (client, tenant) = (&context.client, context.tenant().await?);
        let path = ["tenants", tenant.as_str(), "readiness"];
        if self.history {
            return history(context, &tenant).await;
        }
        if self.last {
            let Some(last) = client.get_if_there::<Assessment>(&path).await? else {
                return Err(Failure::NotFound(
                    "no checks were run yet; `concentric tenant assess` runs them".to_owned(),
                ));
            };
            return show(context.output, &last);
        }
        let asked: Asked =
            client.post(&path, &AssessRequest { network: self.network }).await?.typed;
        if self.no_wait {
            say("Checks asked for; `concentric tenant assess --last` shows what they found.");
            return Ok(Exit::Ok);
        }
        let mut wait = Wait::new(self.patience, "`concentric tenant assess --last`");
        let found = wait
            .until(async || {
                let last = client.get_if_there::<Assessment>(&path).await?;
                Ok(match last {
                    Some(last) if last.typed.at >= asked.at => Look::Done(last),
                    Some(_) | None => Look::NotYet("the checks are running".to_owned()),
                })
            })
            .await?;
        show(context.output, &found)
    }
}

async fn history(context: &Context<'_>, tenant: &str) -> Result<Exit, Failure> {
    let path = ["tenants", tenant, "readiness", "history"];
    let runs = context.client.all(&path, &Query::new()).await?;
    context.output.list(&["at", "level", "failing", "id"], &runs, |run: &AssessmentSummary| {
        let (_, level, _) = text::level(run.level);
        let failing = if run.failing.is_empty() { "-".to_owned() } else { run.failing.join(", ") };
        vec![text::time(run.at), level.to_owned(), failing, run.id.to_string()]
    })?;
    Ok(Exit::Ok)
}

/// Shows a run; what it found decides the exit code.
fn show(output: Output, assessment: &Document<Assessment>) -> Result<Exit, Failure> {
    match output.form {
        Form::Table => write_lines(panel(output, &assessment.typed))?,
        Form::Plain => write_lines(plain(&assessment.typed))?,
        Form::Data(data) => data.document(&assessment.json)?,
    }
    Ok(match assessment.typed.level {
        Level::Ready | Level::Advisory => Exit::Ok,
        Level::NotReady | Level::Error => Exit::NotReady,
    })
}

/// Worst first; what is equally bad stays in the order of the checks.
fn ordered(assessment: &Assessment) -> Vec<&Finding> {
    let mut findings: Vec<&Finding> = assessment.findings.iter().collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    findings
}

fn panel(output: Output, assessment: &Assessment) -> Vec<String> {
    let mark = |level| {
        let (mark, word, tone) = text::level(level);
        output.paint(tone, &format!("{mark} {word:9}"))
    };
    let blocks = if assessment.blocks_enrollment {
        "cannot be enrolled as it stands"
    } else {
        "can be enrolled"
    };
    let at = text::time(assessment.at);
    let mut lines = vec![format!("{}  {blocks}  (at {at})", mark(assessment.level)), String::new()];
    for finding in ordered(assessment) {
        let title = output.paint(Tone::Strong, &finding.title);
        lines.push(format!("{}  {title} ({})", mark(finding.level), finding.check));
        lines.push(format!("    {}", finding.summary));
        if finding.level == Level::Ready {
            continue;
        }
        lines.extend(finding.evidence.iter().map(|evidence| format!("    · {evidence}")));
        let say = |what: &str, text: &String| format!("    {what}: {text}");
        lines.extend(finding.remedy.iter().map(|text| say("to do", text)));
        lines.extend(finding.fix.iter().map(|text| say("enrollment can", text)));
        let missing = finding.missing_permission.iter();
        lines.extend(missing.map(|text| say("missing permission", text)));
    }
    if !assessment.changes.is_empty() {
        lines.extend([String::new(), "changed since the run before".to_owned()]);
    }
    for change in &assessment.changes {
        let from = change.from.map_or("new", |level| text::level(level).1);
        let worse = if change.regressed { ", worse" } else { "" };
        let to = mark(change.to);
        lines.push(format!("  {to}  {} (was {from}{worse})", change.check));
    }
    if let Some(link) = &assessment.consent_link {
        lines.extend([
            String::new(),
            "an administrator grants what is missing here:".to_owned(),
            format!("  {link}"),
        ]);
    }
    lines
}

fn plain(assessment: &Assessment) -> Vec<String> {
    let word = |level| text::level(level).1;
    let (level, at) = (word(assessment.level), text::time(assessment.at));
    let mut lines = vec![format!("assessment\t{level}\t{at}\t{}", assessment.id)];
    for finding in ordered(assessment) {
        let (level, check) = (word(finding.level), &finding.check);
        let remedy = text::maybe(finding.remedy.as_deref());
        lines.push(format!("finding\t{level}\t{check}\t{}\t{remedy}", finding.summary));
        lines.extend(finding.evidence.iter().map(|text| format!("evidence\t{check}\t{text}")));
    }
    lines.extend(assessment.changes.iter().map(|change| {
        let from = change.from.map_or("-", word);
        format!("change\t{}\t{from}\t{}", change.check, word(change.to))
    }));
    lines.extend(assessment.consent_link.iter().map(|link| format!("consent\t{link}")));
    lines
}
