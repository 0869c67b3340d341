//! `concentric status`: how the fleet stands, on one screen.

use api_types::{Health, HealthCounts, Objective, Source};

use super::Context;
use crate::client::{Document, Query};
use crate::failure::{Exit, Failure};
use crate::output::{Form, Output, Tone, table, write, write_lines};
use crate::text;

pub(crate) async fn run(context: &Context<'_>) -> Result<Exit, Failure> {
    let tenant = context.tenant().await?;
    let path = ["tenants", tenant.as_str(), "health"];
    let health = context.client.get::<Health>(&path, &Query::new()).await?;
    match context.output.form {
        Form::Table => write(&screen(context.output, &health))?,
        Form::Plain => write_lines(plain(&health.typed))?,
        Form::Data(data) => data.document(&health.json)?,
    }
    Ok(Exit::Ok)
}

const HEAD: [&str; 10] = [
    "ring",
    "devices",
    "up to date",
    "in progress",
    "paused",
    "not up to date",
    "not ready",
    "not registered",
    "latest",
    "objective",
];

fn screen(output: Output, health: &Document<Health>) -> String {
    let h = &health.typed;
    let devices = output.paint(Tone::Strong, &text::devices(h.counts.devices));
    let mut screen = format!("{devices}  at {}\n\n", text::time(h.at));
    for (name, objective) in [
        ("quality updates", &h.counts.quality),
        ("Windows version", &h.counts.feature),
        ("Microsoft 365 Apps", &h.microsoft_365_apps),
    ] {
        screen.push_str(&goal(output, name, objective));
        screen.push('\n');
    }
    screen.push('\n');
    screen.push_str(&table(&HEAD, rows(h)));
    if !h.counts.excluded.is_empty() {
        let rows = h
            .counts
            .excluded
            .iter()
            .map(|one| vec![one.reason.clone(), text::number(one.devices), one.title.clone()]);
        screen.push_str("\nnot part of the objectives\n");
        screen.push_str(&table(&["reason", "devices", "meaning"], rows.collect()));
    }
    screen.push_str("\nsources\n");
    screen.push_str(&table(&["source", "read at", ""], h.sources.iter().map(source).collect()));
    let open = &h.open_alerts;
    let (critical, warning) = (text::number(open.critical), text::number(open.warning));
    let information = text::number(open.information);
    screen.push_str("\nalerts: ");
    screen.push_str(
        &[critical, " critical, ".into(), warning, " warning, ".into(), information].concat(),
    );
    screen.push_str(" information\n");
    screen
}

/// `✓ quality updates  97.2 % of 95 %  (9,720 of 10,000)`.
fn goal(output: Output, name: &str, objective: &Objective) -> String {
    let (mark, tone) = match (objective.percent, objective.holds) {
        (None, _) => ("-", Tone::Dim),
        (Some(_), true) => ("✓", Tone::Good),
        (Some(_), false) => ("✗", Tone::Bad),
    };
    let (met, eligible) = (text::number(objective.met), text::number(objective.eligible));
    let share = percent(objective.percent);
    let target = objective.target_percent;
    format!("{} {name:18}  {share} of {target} %  ({met} of {eligible})", output.paint(tone, mark))
}

fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "-".to_owned(), |share| format!("{share:.1} %"))
}

fn rows(health: &Health) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for set in &health.ring_sets {
        rows.push(row(&set.name, &set.counts));
        for ring in &set.rings {
            let paused = if ring.paused_since.is_some() { " (stands still)" } else { "" };
            rows.push(row(&format!("  {}{paused}", ring.name), &ring.counts));
        }
    }
    if health.unplaced.devices > 0 {
        rows.push(row("in no ring", &health.unplaced));
    }
    rows.push(row("all", &health.counts));
    rows
}

fn row(name: &str, counts: &HealthCounts) -> Vec<String> {
    let mut row = vec![name.to_owned()];
    row.extend(
        [
            counts.devices,
            counts.up_to_date,
            counts.in_progress,
            counts.paused,
            counts.not_up_to_date,
            counts.not_ready,
            counts.not_registered,
        ]
        .map(text::number),
    );
    row.extend([percent(counts.latest_percent), percent(counts.quality.percent)]);
    row
}

fn source(source: &Source) -> Vec<String> {
    let stale = if source.is_stale { "stale" } else { "" };
    vec![source.name.clone(), text::maybe_time(source.read_at), stale.to_owned()]
}

fn plain(health: &Health) -> Vec<String> {
    let counts = rows(health).into_iter().map(|row| format!("counts\t{}", row.join("\t")));
    let objectives = [
        ("quality", &health.counts.quality),
        ("feature", &health.counts.feature),
        ("microsoft_365_apps", &health.microsoft_365_apps),
    ]
    .map(|(name, of)| {
        let share = of.percent.map_or_else(|| "-".to_owned(), |share| format!("{share:.1}"));
        let (target, holds) = (of.target_percent, of.holds);
        format!("objective\t{name}\t{share}\t{target}\t{}\t{}\t{holds}", of.met, of.eligible)
    });
    let excluded = health.counts.excluded.iter();
    let excluded = excluded.map(|one| format!("excluded\t{}\t{}", one.reason, one.devices));
    let sources = health.sources.iter().map(|one| format!("source\t{}", source(one).join("\t")));
    let open = &health.open_alerts;
    let alerts = format!("alerts\t{}\t{}\t{}", open.critical, open.warning, open.information);
    counts.chain(objectives).chain(excluded).chain(sources).chain([alerts]).collect()
}
