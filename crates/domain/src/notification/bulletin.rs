//! One thing to be told, from what is known of it.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Focus, Occasion, Topic, day_of_summary};
use crate::alert::{AlertKind, Severity};
use crate::calendar::patch_tuesday;
use crate::gate::ConditionKind;
use crate::ids::RolloutId;
use crate::ring::RingIndex;
use crate::rollout::phase::{Event, PauseCause, Pauser};

/// A month, of whose release is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month {
    pub year: i32,
    pub month: u32,
}

impl Month {
    fn key(self) -> String {
        format!("{:04}-{:02}", self.year, self.month)
    }

    fn name(self) -> String {
        let first = NaiveDate::from_ymd_opt(self.year, self.month, 1);
        first.map_or_else(|| self.key(), |day| day.format("%B %Y").to_string())
    }
}

/// What is told, in the words of a letter without its frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bulletin {
    pub topic: Topic,
    pub focus: Focus,
    pub severity: Severity,
    /// One line: the subject and the heading.
    pub title: String,
    /// What happened, a paragraph each.
    pub happened: Vec<String>,
    pub why: Option<String>,
    /// What to do; none: nothing.
    pub todo: Option<String>,
    pub facts: Vec<(String, String)>,
    /// The page of the console, behind that of the tenant.
    pub page: String,
}

/// What a rollout did that is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RolloutStep {
    Moved(Event),
    /// `ring` waits for nothing but approvals; told of on this day.
    AwaitsApproval {
        ring: RingIndex,
        day: NaiveDate,
    },
}

/// A rollout, and what it did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RolloutNews {
    pub rollout: RolloutId,
    pub release: String,
    pub ring_set: Option<String>,
    /// The names of its rings, in order.
    pub rings: Vec<String>,
    pub step: RolloutStep,
    /// The entry of the audit trail; none for what is no entry.
    pub entry: Option<i64>,
    /// Who last asked something of it, and why, where that is why this happened.
    pub asked: Option<(String, Option<String>)>,
    /// Devices: all of them, confirmed, failed or lost.
    pub devices: (u64, u64, u64),
}

impl RolloutNews {
    fn ring(&self, ring: RingIndex) -> &str {
        self.rings.get(ring.slot()).map_or("a ring", String::as_str)
    }

    fn by_whom(&self) -> Option<String> {
        let (who, reason) = self.asked.as_ref()?;
        Some(match reason {
            Some(reason) => format!("{who} asked for it: {reason}"),
            None => format!("{who} asked for it."),
        })
    }

    /// What is told of it, and under which occasion; none: it is not worth a letter.
    #[must_use]
    pub fn bulletin(&self) -> Option<(Occasion, Bulletin)> {
        let name = &self.release;
        let (topic, title, happened, why, todo) = match self.step {
            RolloutStep::AwaitsApproval { ring, .. } => (
                Topic::ApprovalNeeded,
                format!("{name} waits for approval"),
                format!("{} passed every other condition of its gate.", self.ring(ring)),
                Some("Its policy asks people before the next ring opens.".to_owned()),
                Some("Look at the evidence, and approve the ring or let it wait.".to_owned()),
            ),
            RolloutStep::Moved(event) => self.moved(event)?,
        };
        let (all, confirmed, failed) = self.devices;
        let mut facts = vec![("Release".to_owned(), name.clone())];
        facts.extend(self.ring_set.clone().map(|set| ("Ring set".to_owned(), set)));
        facts.push(("Devices".to_owned(), all.to_string()));
        facts.push(("Confirmed".to_owned(), confirmed.to_string()));
        facts.push(("Failed or lost".to_owned(), failed.to_string()));
        let occasion = match (self.step, self.entry) {
            (RolloutStep::AwaitsApproval { ring, day }, _) => {
                format!("approval/{}/{}/{day}", self.rollout, ring.0)
            }
            (RolloutStep::Moved(_), Some(entry)) => format!("entry/{entry}"),
            (RolloutStep::Moved(_), None) => return None,
        };
        let bulletin = Bulletin {
            topic,
            focus: Focus::Updates,
            severity: topic.severity(),
            title,
            happened: vec![happened],
            why,
            todo,
            facts,
            page: format!("/rollouts/{}", self.rollout),
        };
        Some((Occasion(occasion), bulletin))
    }

    #[expect(clippy::type_complexity, reason = "read once, right above")]
    fn moved(
        &self,
        event: Event,
    ) -> Option<(Topic, String, String, Option<String>, Option<String>)> {
        let name = &self.release;
        Some(match event {
            Event::RingOpened { ring } => {
                let (topic, title) = if ring == RingIndex::FIRST {
                    (Topic::RolloutStarted, format!("{name} has started"))
                } else {
                    (Topic::RingOpened, format!("{name} has reached {}", self.ring(ring)))
                };
                let happened = format!("{} may be offered the update now.", self.ring(ring));
                let why = (ring != RingIndex::FIRST).then(|| {
                    "The ring before it passed its gate, or somebody vouched for it.".to_owned()
                });
                (topic, title, happened, why, None)
            }
            Event::Paused { by: Pauser::Person } => (
                Topic::RolloutPaused,
                format!("{name} is paused"),
                "A person paused it. No device is offered the update until a person resumes it."
                    .to_owned(),
                self.by_whom(),
                Some("Nothing, unless you know why it should go on.".to_owned()),
            ),
            Event::Paused { by: Pauser::Service(cause) } => (
                Topic::RolloutPaused,
                format!("{name} was paused by the service"),
                "No device is offered the update until a person decides.".to_owned(),
                Some(format!("The gate of {} failed: {}.", self.ring(cause.ring), found(cause))),
                Some("Look at the evidence; then resume it, or roll it back.".to_owned()),
            ),
            Event::Resumed => (
                Topic::RolloutResumed,
                format!("{name} goes on"),
                "It was paused, and goes on where it stood.".to_owned(),
                self.by_whom(),
                None,
            ),
            Event::Completed => (
                Topic::RolloutCompleted,
                format!("{name} is completed"),
                "Every ring passed its gate and was offered the update.".to_owned(),
                None,
                None,
            ),
            Event::RollbackStarted => (
                Topic::RollbackStarted,
                format!("{name} is being rolled back"),
                "Open offers are taken back, and devices are told to uninstall, in waves."
                    .to_owned(),
                self.by_whom(),
                Some("Tell users that their devices may restart.".to_owned()),
            ),
            Event::RolledBack => (
                Topic::RolledBack,
                format!("{name} was rolled back"),
                "No device that can be reached runs the update any more.".to_owned(),
                None,
                Some("Look at which devices could not take it back.".to_owned()),
            ),
            Event::Cancelled => (
                Topic::RolloutEnded,
                format!("{name} was cancelled"),
                "No further device is offered the update; devices keep what they have.".to_owned(),
                self.by_whom(),
                None,
            ),
            Event::Superseded { .. } => (
                Topic::RolloutEnded,
                format!("{name} was superseded"),
                "A newer release took its place, and serves the devices that had not begun."
                    .to_owned(),
                None,
                None,
            ),
            Event::WaveOffered { .. } | Event::SoakStarted { .. } | Event::RemovalWave { .. } => {
                return None;
            }
            Event::EvidenceMoved { .. } | Event::SegmentHeld { .. } => return None,
            Event::SegmentReleased { .. } | Event::OffersTakenBack { .. } => return None,
            Event::OffersReturned { .. } => return None,
        })
    }
}

/// What the condition found that failed.
const fn found(cause: PauseCause) -> &'static str {
    match cause.condition {
        ConditionKind::NoHalt => "the evidence against the release is beyond chance",
        ConditionKind::Success => "too many devices failed, beyond chance",
        ConditionKind::Stall => "too many devices went silent during the install, beyond chance",
        ConditionKind::Exposure => "too few devices have an outcome",
        ConditionKind::Bake => "it was not watched long enough",
        ConditionKind::Signals => "a custom signal failed",
        ConditionKind::Approvals => "too few people approved",
        ConditionKind::Calendar => "the day of the next ring has not come",
    }
}

/// Where an alert stands when it is told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlertStage {
    Opened,
    /// The update or reminder of that number, counted from one.
    StillOpen(u32),
    Ended,
}

/// An alert, as it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertNews {
    pub id: Uuid,
    pub kind: AlertKind,
    pub severity: Severity,
    pub text: String,
    pub opened_at: DateTime<Utc>,
    pub acknowledged_by: Option<String>,
    pub stage: AlertStage,
}

impl AlertNews {
    /// What is told of it, and under which occasion; none: it is for the console alone.
    #[must_use]
    pub fn bulletin(&self) -> Option<(Occasion, Bulletin)> {
        let what = self.kind.word().replace('_', " ");
        let (topic, title, stage) = match (self.severity, self.stage) {
            (Severity::Information, _) | (Severity::Warning, AlertStage::Ended) => return None,
            (Severity::Critical, AlertStage::Opened) => {
                (Topic::Incident, format!("Incident: {what}"), "opened".to_owned())
            }
            (Severity::Critical, AlertStage::StillOpen(number)) => {
                let title = format!("Incident goes on: {what} (update {number})");
                (Topic::IncidentUpdate, title, format!("update-{number}"))
            }
            (Severity::Critical, AlertStage::Ended) => {
                (Topic::IncidentEnded, format!("Incident ended: {what}"), "ended".to_owned())
            }
            (Severity::Warning, AlertStage::Opened) => {
                (Topic::ActionRequired, format!("Action required: {what}"), "opened".to_owned())
            }
            (Severity::Warning, AlertStage::StillOpen(number)) => {
                let title = format!("Reminder {number}: {what}");
                (Topic::ActionReminder, title, format!("reminder-{number}"))
            }
        };
        let is_over = self.stage == AlertStage::Ended;
        let mut happened = vec![self.text.clone()];
        if is_over {
            happened.push("What this was about has ended; nothing more is sent of it.".to_owned());
        }
        let seen_to = match &self.acknowledged_by {
            Some(by) => format!("{by} sees to it."),
            None => "Nobody has said yet that they see to it.".to_owned(),
        };
        let mut facts = vec![
            ("Severity".to_owned(), self.severity.word().to_owned()),
            ("Open since".to_owned(), self.opened_at.format("%Y-%m-%d %H:%M UTC").to_string()),
        ];
        if !is_over {
            facts.push(("State".to_owned(), seen_to));
        }
        let bulletin = Bulletin {
            topic,
            focus: Focus::of_alert(self.kind),
            severity: self.severity,
            title,
            happened,
            why: None,
            todo: (!is_over).then(|| self.kind.fix().to_owned()),
            facts,
            page: String::new(),
        };
        Some((Occasion(format!("alert/{}/{stage}", self.id)), bulletin))
    }
}

/// The release of a month, before it is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleNews {
    pub month: Month,
    /// Rules that approve quality updates, each with the name of its ring set.
    pub rules: Vec<(String, String)>,
}

impl ScheduleNews {
    #[must_use]
    pub fn bulletin(&self) -> (Occasion, Bulletin) {
        let day = patch_tuesday(self.month.year, self.month.month);
        let on =
            day.map_or_else(|| self.month.name(), |day| day.format("%A, %-d %B %Y").to_string());
        let mut happened = vec![format!(
            "Microsoft releases the security update of {} on {on}.",
            self.month.name()
        )];
        happened.push(if self.rules.is_empty() {
            "No rule approves it by itself: it is offered to nobody before a person makes a release."
                .to_owned()
        } else {
            "These rules approve it by themselves once it is in the catalogue; its first ring opens by its \
             calendar."
                .to_owned()
        });
        let facts = self.rules.iter().map(|(rule, set)| (rule.clone(), format!("ring set {set}")));
        let bulletin = Bulletin {
            topic: Topic::ReleaseSchedule,
            focus: Focus::Updates,
            severity: Topic::ReleaseSchedule.severity(),
            title: format!("The release of {} is on {on}", self.month.name()),
            happened,
            why: None,
            todo: Some(
                "Set freezes and holidays before that day if nothing is to change then.".to_owned(),
            ),
            facts: facts.collect(),
            page: "/calendar".to_owned(),
        };
        (Occasion(format!("schedule/{}", self.month.key())), bulletin)
    }
}

/// How a month went, by its fourth Tuesday.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SummaryNews {
    pub month: Month,
    /// Devices that had time for the newest quality update, and those that have it.
    pub eligible: u64,
    pub met: u64,
    /// Percent that have to have it.
    pub target: u32,
    /// Rollouts of quality updates that ran this month, with where they stand.
    pub rollouts: Vec<(String, String)>,
}

impl SummaryNews {
    #[must_use]
    pub fn bulletin(&self) -> (Occasion, Bulletin) {
        let Self { month, eligible, met, target, .. } = self;
        // In tenths, never rounded up to what was not reached.
        let patched = (met * 1_000).checked_div(*eligible).map_or_else(
            || "no device had time for it yet".to_owned(),
            |tenths| format!("{}.{} % of devices are patched", tenths / 10, tenths % 10),
        );
        let is_met = u128::from(*met) * 100 >= u128::from(*eligible) * u128::from(*target);
        let mut facts = vec![
            ("Devices that had time for it".to_owned(), eligible.to_string()),
            ("Devices that have it".to_owned(), met.to_string()),
            (
                "Objective".to_owned(),
                format!("{target} %, {}", if is_met { "met" } else { "missed" }),
            ),
        ];
        facts.extend(self.rollouts.iter().cloned());
        let at = day_of_summary(*month).map(|at| at.format("%-d %B").to_string());
        let bulletin = Bulletin {
            topic: Topic::ReleaseSummary,
            focus: Focus::Updates,
            severity: Topic::ReleaseSummary.severity(),
            title: format!("{}: {patched}", month.name()),
            happened: vec![format!(
                "By {}, {met} of {eligible} devices are on the newest quality update that they had time for.",
                at.unwrap_or_else(|| "now".to_owned())
            )],
            why: None,
            todo: (!is_met).then(|| {
                "`concentric report run quality-status --filter status=not_up_to_date` names the rest, and why."
                    .to_owned()
            }),
            facts,
            page: String::new(),
        };
        (Occasion(format!("summary/{}", month.key())), bulletin)
    }
}
