//! How fleets and devices stand, in the words of the API.

use api_types as wire;
use chrono::{DateTime, Utc};
use domain::health::{Counts, Health, Measure, Status};
use domain::primary::{Finding, Owner};
use domain::registration::Reason;
use store::fleet::{HealthRow, SourceRow};

pub(crate) fn health(row: &HealthRow, now: DateTime<Utc>) -> wire::Health {
    let Health { counts: all, unplaced, sets, apps } = &row.health;
    let open = |severity: &str| {
        row.alerts.iter().find(|(of, _)| of == severity).map_or(0, |(_, alerts)| *alerts)
    };
    wire::Health {
        at: now,
        counts: counts(all),
        unplaced: counts(unplaced),
        microsoft_365_apps: objective(*apps, Health::APPS_PERCENT),
        ring_sets: sets
            .iter()
            .map(|set| wire::RingSetHealth {
                ring_set_id: set.id.0,
                name: set.name.clone(),
                counts: counts(&set.counts),
                rings: (0..)
                    .zip(&set.rings)
                    .map(|(ring, of)| wire::RingHealth {
                        ring,
                        name: of.name.clone(),
                        paused_since: of.paused_since,
                        counts: counts(&of.counts),
                    })
                    .collect(),
            })
            .collect(),
        sources: row.sources.iter().map(|one| source(one, now)).collect(),
        open_alerts: wire::OpenAlerts {
            critical: open("critical"),
            warning: open("warning"),
            information: open("information"),
        },
    }
}

pub(crate) fn counts(of: &Counts) -> wire::HealthCounts {
    wire::HealthCounts {
        devices: of.devices,
        up_to_date: of.of(Status::UpToDate),
        in_progress: of.of(Status::InProgress),
        paused: of.of(Status::Paused),
        not_up_to_date: of.of(Status::NotUpToDate),
        not_ready: of.of(Status::NotReady),
        not_registered: of.of(Status::NotRegistered),
        latest_percent: percent(of.latest),
        quality: objective(of.quality, Health::QUALITY_PERCENT),
        feature: objective(of.feature, Health::FEATURE_PERCENT),
        excluded: of
            .excluded
            .iter()
            .map(|(why, devices)| wire::Excluded {
                reason: why.clone(),
                title: excluded_title(why).to_owned(),
                devices: *devices,
            })
            .collect(),
    }
}

fn excluded_title(why: &str) -> &'static str {
    match Reason::from_word(why) {
        Some(reason) => reason.title(),
        None if why == "scheduled_install" => "Installed at the times of its ring's windows",
        None => "Not looked at yet",
    }
}

fn percent(of: Measure) -> Option<f64> {
    of.per_mille().map(|share| f64::from(share) / 10.0)
}

pub(crate) fn objective(of: Measure, target_percent: u32) -> wire::Objective {
    wire::Objective {
        eligible: of.eligible,
        met: of.met,
        percent: percent(of),
        target_percent,
        holds: of.holds(target_percent),
    }
}

fn source(row: &SourceRow, now: DateTime<Utc>) -> wire::Source {
    wire::Source {
        name: row.kind.word().to_owned(),
        read_at: row.read_at,
        may_be_minutes: row.kind.may_be_old().num_minutes(),
        is_stale: row.is_stale(now),
    }
}

pub(crate) const fn owner(owner: Owner) -> &'static str {
    match owner {
        Owner::Administrator => "administrator",
        Owner::Microsoft => "microsoft",
        Owner::User => "user",
        Owner::Concentric => "concentric",
    }
}

pub(crate) fn primary_reason(found: Finding, now: DateTime<Utc>) -> wire::PrimaryReason {
    let row = found.reason.row();
    wire::PrimaryReason {
        reason: row.word.to_owned(),
        title: row.title.to_owned(),
        owner: owner(row.owner).to_owned(),
        fix: row.fix.to_owned(),
        age_days: found.age_days(now),
        evidence: found.evidence,
        since: found.since,
        rollout_id: found.rollout.map(|rollout| rollout.0),
        alerts: row.alerts.iter().map(|&name| name.to_owned()).collect(),
    }
}
