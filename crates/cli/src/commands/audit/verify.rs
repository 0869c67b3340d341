//! `concentric audit verify`: the files alone decide, unless the server is asked.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use api_types::AuditVerdict;
use audit::{Outside, ReadError, Report, Trust, Verifier};
use chrono::{DateTime, Utc};
use clap::Args;
use serde_json::json;
use uuid::Uuid;

use super::{Context, Of, parts};
use crate::client::Query;
use crate::failure::{Exit, Failure};
use crate::output::say;

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// What `audit export` wrote.
    #[arg(required_unless_present = "server", conflicts_with = "server")]
    file: Option<PathBuf>,
    /// Checkpoints kept elsewhere: the file of `serve --audit-file`, or what a log server has. Without
    /// it, a tail that was cut off is not found. May be given more than once.
    #[arg(long, value_name = "FILE", conflicts_with = "server")]
    checkpoints: Vec<PathBuf>,
    /// The public keys to trust, as `audit key` wrote them. Without it, any key's checkpoints count,
    /// and the keys are named.
    #[arg(long, value_name = "FILE", conflicts_with = "server")]
    public_key: Option<PathBuf>,
    /// When the export was taken, if checkpoints were made since (RFC 3339).
    #[arg(long, value_name = "TIME", conflicts_with = "server")]
    taken_at: Option<DateTime<Utc>>,
    /// Let the server read its own trail again.
    #[arg(long)]
    server: bool,
    #[command(flatten)]
    of: Of,
}

impl Verify {
    pub(super) async fn run(self, context: &Context<'_>) -> Result<Exit, Failure> {
        match &self.file {
            Some(file) => self.offline(file, context),
            None => self.online(context).await,
        }
    }

    fn offline(&self, file: &Path, context: &Context<'_>) -> Result<Exit, Failure> {
        let trust = match &self.public_key {
            None => Trust::Anyone,
            Some(path) => Trust::Keys(keys(path)?),
        };
        let mut outside = Outside::default();
        for path in &self.checkpoints {
            match outside.read(open(path)?, &trust) {
                Ok(()) => {}
                Err(error) => return damaged(path, error, context),
            }
        }
        let mut verifier = Verifier::new(trust, outside.clone(), self.taken_at);
        if self.of.service {
            verifier = verifier.of(Uuid::nil());
        } else if let Some(tenant) = context.tenant {
            // No server is asked for names.
            let wrong = |_| Failure::Usage(format!("--tenant {tenant}: an id is needed here"));
            verifier = verifier.of(tenant.parse().map_err(wrong)?);
        }
        match audit::verify(open(file)?, verifier) {
            Ok(report) => {
                self.intact(&report, &outside, context)?;
                Ok(Exit::Ok)
            }
            Err(error) => damaged(file, error, context),
        }
    }

    fn intact(
        &self,
        report: &Report,
        outside: &Outside,
        context: &Context<'_>,
    ) -> Result<(), Failure> {
        let keys: Vec<_> = report.keys.iter().map(ToString::to_string).collect();
        let json = json!({
            "intact": true,
            "tenant_id": report.tenant,
            "entries": report.entries,
            "covered": report.covered,
            "uncovered": report.uncovered(),
            "checkpoints": report.checkpoints,
            "keys": keys,
        });
        let fields = [
            ("trail", "intact".to_owned()),
            ("tenant", report.tenant.to_string()),
            ("entries", report.entries.to_string()),
            ("covered", covered(report.covered, report.uncovered())),
            ("checkpoints", report.checkpoints.to_string()),
            ("signed by", if keys.is_empty() { "-".to_owned() } else { keys.join(", ") }),
        ];
        context.output.one(&json, &fields)?;
        if self.public_key.is_none() && !keys.is_empty() {
            say("No --public-key was given: make sure that the key above is the service's.");
        }
        if self.checkpoints.is_empty() {
            say("No --checkpoints were given: a tail that was cut off would not be found.");
        }
        if outside.unreadable() > 0 {
            say(&format!("{} lines of checkpoints are torn, and left out.", outside.unreadable()));
        }
        if outside.gaps(report.tenant) > 0 {
            let gaps = outside.gaps(report.tenant);
            say(&format!("Checkpoints are missing outside, in {gaps} places."));
        }
        Ok(())
    }

    async fn online(&self, context: &Context<'_>) -> Result<Exit, Failure> {
        let path = self.of.path(context, &["verify"]).await?;
        let verdict = context.client.get::<AuditVerdict>(&parts(&path), &Query::new()).await?;
        let AuditVerdict { entries, covered: until, uncovered, checkpoints, damage, .. } =
            &verdict.typed;
        let fields = match damage {
            None => vec![
                ("trail", "intact".to_owned()),
                ("entries", entries.to_string()),
                ("covered", covered(*until, *uncovered)),
                ("checkpoints", checkpoints.to_string()),
            ],
            Some(damage) => vec![
                ("trail", "damaged".to_owned()),
                ("entry", damage.seq.to_string()),
                ("damage", damage.what.clone()),
            ],
        };
        context.output.one(&verdict.json, &fields)?;
        Ok(if verdict.typed.intact { Exit::Ok } else { Exit::Damaged })
    }
}

fn covered(until: i64, uncovered: i64) -> String {
    match (until, uncovered) {
        (0, 0) => "nothing to cover".to_owned(),
        (0, _) => "none: no checkpoint yet".to_owned(),
        (until, 0) => format!("all, up to {until}"),
        (until, uncovered) => format!("up to {until}; {uncovered} behind are not covered"),
    }
}

fn damaged(file: &Path, error: ReadError, context: &Context<'_>) -> Result<Exit, Failure> {
    match error {
        ReadError::Io(error) => Err(Failure::Usage(format!("{}: {error}", file.display()))),
        ReadError::Damaged { line, damage } => {
            let file = file.display().to_string();
            let what = damage.what.to_string();
            let json = json!({
                "intact": false, "file": file, "line": line,
                "damage": { "seq": damage.seq, "what": what },
            });
            let fields = [
                ("trail", "damaged".to_owned()),
                ("entry", damage.seq.to_string()),
                ("damage", what),
                ("file", file),
                ("line", line.to_string()),
            ];
            context.output.one(&json, &fields)?;
            Ok(Exit::Damaged)
        }
    }
}

fn open(path: &Path) -> Result<BufReader<File>, Failure> {
    let file = File::open(path);
    file.map(BufReader::new).map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))
}

fn keys(path: &Path) -> Result<Vec<audit::PublicKey>, Failure> {
    let wrong = |error: &dyn std::fmt::Display| {
        Failure::Usage(format!("public keys {}: {error}", path.display()))
    };
    let text = std::fs::read_to_string(path).map_err(|error| wrong(&error))?;
    match audit::keys(&text) {
        Ok(keys) if keys.is_empty() => Err(wrong(&"there is no key in it")),
        Ok(keys) => Ok(keys),
        Err(error) => Err(wrong(&error)),
    }
}
