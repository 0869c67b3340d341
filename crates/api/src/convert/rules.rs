//! Rules, and how updates stand with them.

use api_types as wire;
use domain::rollout::plan::OnGateFailure;
use domain::update::rule::{Mismatch, Rule, Standing};
use store::catalog::UpdateRow;
use store::rules::RuleRow;

use crate::checks::Checks;
use crate::convert::rollouts::on_gate_failure_in;
use crate::convert::updates::{kind, kind_in, severity, severity_in};
use crate::problem::Problem;
use crate::words::moment;

pub(crate) fn rule(row: RuleRow) -> wire::Rule {
    let Rule { name, ring_set, classification, cadence, channel, .. } = row.rule;
    wire::Rule {
        id: row.id.0,
        definition: wire::CreateRule {
            name,
            ring_set_id: ring_set.0,
            kind: kind(row.rule.kind),
            classification,
            cadence,
            channel,
            delay_days: row.rule.delay_days,
            previews: row.rule.previews,
            min_severity: row.rule.min_severity.map(severity),
            expedite: row.rule.expedite,
            on_gate_failure: match row.rule.on_gate_failure {
                OnGateFailure::Pause => wire::OnGateFailure::Pause,
                OnGateFailure::RollBack => wire::OnGateFailure::RollBack,
            },
        },
        created_by: row.created_by,
        created_at: row.created_at,
        error: row.error,
    }
}

pub(crate) fn rule_in(body: wire::CreateRule) -> Result<Rule, Problem> {
    let mut checks = Checks::default();
    checks.text("/name", &body.name, 60);
    let known = |checks: &mut Checks, field: &str, text: &Option<String>, words: [&str; 2]| {
        if text.as_deref().is_some_and(|text| !words.contains(&text)) {
            checks.wrong(field, format!("{} or {} is right", words[0], words[1]));
        }
    };
    known(&mut checks, "/classification", &body.classification, ["security", "nonSecurity"]);
    known(&mut checks, "/cadence", &body.cadence, ["monthly", "outOfBand"]);
    if let Some(channel) = &body.channel {
        checks.text("/channel", channel, 64);
    }
    let rule = Rule {
        name: body.name,
        ring_set: body.ring_set_id.into(),
        kind: kind_in(body.kind),
        classification: body.classification,
        cadence: body.cadence,
        channel: body.channel,
        delay_days: body.delay_days,
        previews: body.previews,
        min_severity: body.min_severity.map(severity_in),
        expedite: body.expedite,
        on_gate_failure: on_gate_failure_in(body.on_gate_failure),
    };
    if let Err(error) = rule.check() {
        checks.wrong(format!("/{}", error.field()), error.to_string());
    }
    checks.finish()?;
    Ok(rule)
}

pub(crate) fn standing((row, standing): &(UpdateRow, Standing)) -> wire::RuleStanding {
    let (word, due_at, covered_by, why) = match *standing {
        Standing::Due => {
            let why = "It is approved at the next look, within moments.".to_owned();
            (wire::RuleWord::Due, None, None, why)
        }
        Standing::Later { at } => {
            let why = format!(
                "It is approved at {}, unless another update takes its place by then.",
                moment(at)
            );
            (wire::RuleWord::Later, Some(at), None, why)
        }
        Standing::Done => {
            let why =
                "It was approved by this rule, or goes out over its rings already.".to_owned();
            (wire::RuleWord::Done, None, None, why)
        }
        Standing::Covered { by } => {
            let why = "A newer update that the rule approves replaces it.".to_owned();
            (wire::RuleWord::Covered, None, Some(by.0), why)
        }
        Standing::Other(mismatch) => {
            (wire::RuleWord::Other, None, None, differs(mismatch).to_owned())
        }
    };
    wire::RuleStanding {
        update_id: row.id.0,
        short_name: row.update.short_name.clone(),
        released_at: row.update.released_at,
        standing: word,
        due_at,
        covered_by,
        why,
    }
}

const fn differs(mismatch: Mismatch) -> &'static str {
    match mismatch {
        Mismatch::Kind => "It is of another kind.",
        Mismatch::Channel => "It is of another channel.",
        Mismatch::Classification => "It is of another classification.",
        Mismatch::Cadence => "It is of another cadence.",
        Mismatch::Preview => "It is a preview, and the rule has not chosen those.",
        Mismatch::Severity => "It closes nothing so bad, or the catalogue does not say.",
        Mismatch::Expired => "It can no longer be deployed.",
        Mismatch::Declined => "Somebody declined it.",
        Mismatch::NotRecommended => "No vendor recommends it for any device.",
    }
}
