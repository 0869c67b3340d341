//! What somebody should look at, from what is known of a tenant.
//!
//! Level-triggered: [`wanted`] says which alerts should be open now; whoever keeps them opens what is
//! missing and resolves what is wanted no more. So an alert that was raised twice is one alert, and one
//! that nobody saw end has ended all the same.

mod kind;

use chrono::{DateTime, TimeDelta, Utc};

pub use kind::{AlertKind, Severity};

use crate::health::{Health, Measure};
use crate::ids::RolloutId;
use crate::primary::{FailureClass, PrimaryReason};
use crate::registration::Reason;

/// Of registered and other devices, so many percent with one reason are a class to look at.
pub const CLASS_PERCENT: u32 = 5;
/// Fewer are no class.
pub const CLASS_LEAST: u32 = 10;
/// A mail server may be away for so long before it is worth a word.
pub const POST_PATIENCE: TimeDelta = TimeDelta::hours(1);
/// A credential that has so long to live is to be renewed: a month in which somebody is at work.
pub const CREDENTIAL_NOTICE: TimeDelta = TimeDelta::days(30);

/// What is known of a tenant.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Graph refuses the connection, in the words of the refusal.
    pub refused: Option<String>,
    /// Graph or the login has not answered since.
    pub unreachable_since: Option<DateTime<Utc>>,
    /// The credential that Graph knows us by is good until then, as far as is known.
    pub credential_expires: Option<DateTime<Utc>>,
    /// What readiness checks found that stops the service, by their word, and the finding.
    pub licences: Option<String>,
    pub permissions: Option<String>,
    /// Objects of the enrollment that others changed or removed.
    pub drift: u32,
    /// Sources that are older than they may be, with when they were read.
    pub stale: Vec<(&'static str, Option<DateTime<Utc>>)>,
    pub rollouts: Vec<RolloutFacts>,
    /// Freezes that stand now and that a rollout may cross: freeze, name of the release, who said so.
    pub crossings: Vec<(String, String, String)>,
    pub health: Option<Health>,
    /// Letters that were given up lately.
    pub letters_given_up: u32,
    /// A mail server or a chat has taken nothing since.
    pub post_failing_since: Option<DateTime<Utc>>,
}

/// A rollout that has not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RolloutFacts {
    pub id: RolloutId,
    pub name: String,
    pub is_watched: bool,
    pub is_paused_by_service: bool,
    /// Devices that failed, by what they reported.
    pub failures: Vec<(Option<String>, u32)>,
    /// Devices whose outcome is known, those among them.
    pub judged: u32,
}

/// An alert that should be open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    pub kind: AlertKind,
    /// What it is about: with the kind, its identity. Empty: the tenant.
    pub subject: String,
    pub severity: Severity,
    /// What is the matter, in a sentence.
    pub text: String,
}

fn alert(kind: AlertKind, subject: impl Into<String>, text: String) -> Wanted {
    Wanted { kind, subject: subject.into(), severity: kind.severity(), text }
}

/// Every alert that should be open at `now`; none twice.
#[must_use]
pub fn wanted(facts: &Facts, now: DateTime<Utc>) -> Vec<Wanted> {
    let mut all = of_tenant(facts, now);
    for rollout in &facts.rollouts {
        let (id, name) = (rollout.id.to_string(), &rollout.name);
        // Paused says all that watched says, and more.
        if rollout.is_paused_by_service {
            let text = format!("The service paused {name}, because a gate failed.");
            all.push(alert(AlertKind::RolloutPaused, id, text));
        } else if rollout.is_watched {
            let text =
                format!("The evidence against {name} is worth a look; nothing new is offered.");
            all.push(alert(AlertKind::RolloutWatched, id, text));
        }
    }
    for rollout in &facts.rollouts {
        of_failures(rollout, &mut all);
    }
    for (freeze, release, by) in &facts.crossings {
        let text = format!("{release} goes on in a freeze, as {by} allowed.");
        all.push(alert(AlertKind::FreezeCrossed, format!("{freeze}/{release}"), text));
    }
    if let Some(health) = &facts.health {
        of_fleet(health, &mut all);
    }
    all.extend(of_post(facts, now));
    all
}

fn of_post(facts: &Facts, now: DateTime<Utc>) -> Option<Wanted> {
    let given_up = facts.letters_given_up;
    let since = facts.post_failing_since.filter(|since| now - *since >= POST_PATIENCE);
    let text = match (given_up, since) {
        (0, None) => return None,
        (0, Some(since)) => {
            let since = since.format("%Y-%m-%d %H:%M UTC");
            format!("A mail server or a chat has taken no notification since {since}.")
        }
        (1.., _) => format!("{given_up} notifications were given up: nobody has been told."),
    };
    Some(alert(AlertKind::LettersUndelivered, "", text))
}

fn of_tenant(facts: &Facts, now: DateTime<Utc>) -> Vec<Wanted> {
    let mut all = Vec::new();
    if let Some(why) = &facts.refused {
        let text = format!("Microsoft Graph refuses the connection: {why}");
        all.push(alert(AlertKind::AccessLost, "", text));
    }
    if let Some(since) = facts.unreachable_since {
        let minutes = (now - since).num_minutes();
        let text = format!("Microsoft Graph has not answered for {minutes} minutes.");
        all.push(alert(AlertKind::Unreachable, "", text));
    }
    all.extend(facts.credential_expires.and_then(|at| of_credential(at, now)));
    if let Some(found) = &facts.licences {
        all.push(alert(AlertKind::LicenceMissing, "", found.clone()));
    }
    if let Some(found) = &facts.permissions {
        all.push(alert(AlertKind::PermissionMissing, "", found.clone()));
    }
    if facts.drift > 0 {
        let objects = facts.drift;
        let text =
            format!("Others changed or removed what enrollment made: {objects} differences.");
        all.push(alert(AlertKind::PolicyDrift, "", text));
    }
    for (source, read_at) in &facts.stale {
        let kind = match *source {
            "check_ins" => AlertKind::NoCheckIns,
            _ => AlertKind::SyncStalled,
        };
        let when = match read_at {
            Some(at) => format!("was last read at {}", at.format("%Y-%m-%d %H:%M UTC")),
            None => "was never read".to_owned(),
        };
        all.push(alert(kind, *source, format!("{} {when}.", source.replace('_', " "))));
    }
    all
}

fn of_credential(expires: DateTime<Utc>, now: DateTime<Utc>) -> Option<Wanted> {
    let left = expires - now;
    if left > CREDENTIAL_NOTICE {
        return None;
    }
    let at = expires.format("%Y-%m-%d %H:%M UTC");
    let text = if left > TimeDelta::zero() {
        format!("The credential for Microsoft Graph expires at {at}; nothing works from then on.")
    } else {
        format!("The credential for Microsoft Graph expired at {at}.")
    };
    Some(alert(AlertKind::CredentialExpiring, "", text))
}

/// Objectives that are missed, and reasons that many devices share.
fn of_fleet(health: &Health, all: &mut Vec<Wanted>) {
    let counts = &health.counts;
    for (word, name, of, target) in [
        (
            "quality",
            "the newest quality update they had time for",
            counts.quality,
            Health::QUALITY_PERCENT,
        ),
        ("feature", "a Windows version in service", counts.feature, Health::FEATURE_PERCENT),
        (
            "microsoft_365_apps",
            "a supported version of Microsoft 365 Apps",
            health.apps,
            Health::APPS_PERCENT,
        ),
    ] {
        if !of.holds(target) {
            let Measure { eligible, met } = of;
            let text = format!("{met} of {eligible} devices are on {name}; {target} % must be.");
            all.push(alert(AlertKind::ObjectiveMissed, word, text));
        }
    }
    for (why, devices) in &counts.excluded {
        if is_class(*devices, counts.devices) {
            let title = Reason::from_word(why).map_or(why.as_str(), |reason| reason.title());
            let (of, least) = (counts.devices, CLASS_PERCENT);
            let text = format!("{devices} of {of} devices, {least} % or more: {title}.");
            all.push(alert(AlertKind::DeviceClass, why.as_str(), text));
        }
    }
}

/// Failures of one sort that many of those share that took an update.
fn of_failures(rollout: &RolloutFacts, all: &mut Vec<Wanted>) {
    for class in FailureClass::ALL {
        let of_class =
            |(code, _): &&(Option<String>, u32)| FailureClass::of(code.as_deref()) == class;
        let devices = rollout.failures.iter().filter(of_class).map(|(_, devices)| devices).sum();
        if is_class(devices, rollout.judged) {
            let row = PrimaryReason::Failed(class).row();
            let (of, name, least) = (rollout.judged, &rollout.name, CLASS_PERCENT);
            let text = format!(
                "{devices} of {of} devices that took {name}, {least} % or more: {}. {}",
                row.title, row.fix
            );
            let subject = format!("{}/{}", rollout.id, row.word);
            all.push(alert(AlertKind::DeviceClass, subject, text));
        }
    }
}

fn is_class(devices: u32, of: u32) -> bool {
    devices >= CLASS_LEAST && u64::from(devices) * 100 >= u64::from(of) * u64::from(CLASS_PERCENT)
}
