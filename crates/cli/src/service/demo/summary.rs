//! What a demo says at its end.

use serde::Serialize;
use simulator::Scenario;

use super::Demo;
use super::play::{Ended, expected};
use crate::failure::Failure;
use crate::output::table;
use crate::text;

/// How many disagreements are told one by one.
const TOLD: usize = 10;

/// For machines; the names are a promise.
#[derive(Debug, Serialize)]
pub(crate) struct Summary {
    scenario: String,
    devices: u32,
    outcome: String,
    reason: Option<String>,
    rings: Vec<RingSummary>,
    offers_after_pause: usize,
    decisions: usize,
    duration_s: f64,
}

#[derive(Debug, Serialize)]
struct RingSummary {
    name: String,
    assigned: u32,
    offered: u32,
    confirmed: u32,
    failed: u32,
    lost: u32,
}

impl Summary {
    pub(crate) fn new(demo: &Demo, ended: &Ended) -> Self {
        let rings = ended.rollout.rings.iter().map(|ring| RingSummary {
            name: ring.name.clone(),
            assigned: ring.assigned,
            offered: ring.offered,
            confirmed: ring.confirmed,
            failed: ring.failed,
            lost: ring.lost,
        });
        // What stopped it stands at the pause, also after a rollback.
        let pause = ended.events.iter().rfind(|event| event.kind == "paused");
        let decided = ended.events.iter().filter(|event| event.body.get("evidence").is_some());
        Self {
            scenario: demo.scenario.to_string(),
            devices: demo.devices,
            outcome: text::phase_name(ended.rollout.phase.name).replace(' ', "_"),
            reason: pause.map(|event| event.text.clone()),
            rings: rings.collect(),
            offers_after_pause: ended.offers_after_pause,
            decisions: decided.count(),
            duration_s: (ended.took.as_secs_f64() * 10.0).round() / 10.0,
        }
    }

    pub(crate) fn text(&self, as_json: bool) -> Result<String, Failure> {
        if as_json {
            return serde_json::to_string(self)
                .map(|json| format!("{json}\n"))
                .map_err(|error| Failure::Failed(error.to_string()));
        }
        let head = ["ring", "assigned", "offered", "confirmed", "failed", "lost"];
        let rows = self.rings.iter().map(|ring| {
            let counts = [ring.assigned, ring.offered, ring.confirmed, ring.failed, ring.lost];
            std::iter::once(ring.name.clone()).chain(counts.map(text::number)).collect()
        });
        let reason = self.reason.as_ref().map(|reason| format!(": {reason}"));
        Ok(format!(
            "{}\n{} with {} devices ended {}{}\n{} decisions in {} s, {} offers after a pause\n",
            table(&head, rows.collect()),
            self.scenario,
            text::number(self.devices),
            self.outcome.replace('_', " "),
            reason.unwrap_or_default(),
            self.decisions,
            self.duration_s,
            self.offers_after_pause,
        ))
    }
}

/// What is not as it should be; nothing when all is well.
pub(crate) fn complaints(scenario: Scenario, ended: &Ended) -> Vec<String> {
    let mut complaints = Vec::new();
    let phase = ended.rollout.phase.name;
    if phase != expected(scenario) {
        complaints.push(format!(
            "wrong: {scenario} should end {}, not {}",
            text::phase_name(expected(scenario)),
            text::phase_name(phase)
        ));
    }
    if ended.offers_after_pause > 0 {
        let waves = ended.offers_after_pause;
        complaints.push(format!("wrong: {waves} waves were decided while it was paused"));
    }
    let told = ended.disagreements.iter().take(TOLD);
    complaints.extend(told.map(|disagreement| format!("wrong: {disagreement}")));
    if let Some(more) = ended.disagreements.len().checked_sub(TOLD).filter(|more| *more > 0) {
        complaints.push(format!("wrong: and {more} more devices"));
    }
    complaints
}
