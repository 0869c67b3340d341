//! What can be taken back, in the words of the wire.

use std::collections::BTreeMap;

use api_types as wire;
use chrono::{DateTime, NaiveDate, Utc};
use domain::ids::{ReleaseId, RolloutId};
use domain::rollback::{Obstacle, Prospect, Reversal};
use store::rollouts::{Outlook, ProspectRow};

use crate::convert::devices::attempt_state;

pub(crate) fn preview(
    rollout: RolloutId,
    outlook: &Outlook,
    at: DateTime<Utc>,
) -> wire::RollbackPreview {
    let counts = Counts::of(outlook);
    let impossible = counts.impossible.iter().map(|(why, devices)| wire::ImpossibleCount {
        why: obstacle(*why),
        devices: *devices,
        text: because(*why).to_owned(),
    });
    wire::RollbackPreview {
        rollout_id: rollout.0,
        at,
        way: way(outlook.reversal),
        text: sentence(outlook),
        removable: counts.removable,
        first_closes_at: counts.first_closes_at,
        installing: counts.installing,
        not_installed: counts.not_installed,
        impossible: impossible.collect(),
        removing: counts.removing,
        removed: counts.removed,
        could_not: counts.could_not,
        reinstalled: counts.reinstalled,
    }
}

pub(crate) fn readiness(
    release: ReleaseId,
    outlook: &Outlook,
    at: DateTime<Utc>,
) -> wire::RollbackReadiness {
    let counts = Counts::of(outlook);
    let closing = counts
        .closing
        .iter()
        .map(|(day, devices)| wire::ClosingDay { day: *day, devices: *devices });
    wire::RollbackReadiness {
        release_id: release.0,
        at,
        way: way(outlook.reversal),
        text: sentence(outlook),
        removable: counts.removable,
        impossible: counts.impossible.iter().map(|(_, devices)| devices).sum(),
        first_closes_at: counts.first_closes_at,
        closing: closing.collect(),
    }
}

pub(crate) fn device(row: ProspectRow) -> wire::DeviceProspect {
    use wire::ProspectName as Name;
    let (name, until, why) = match row.prospect {
        Prospect::Removable { until } => (Name::Removable, until, None),
        Prospect::Installing => (Name::Installing, None, None),
        Prospect::NotInstalled => (Name::NotInstalled, None, None),
        Prospect::Removing => (Name::Removing, None, None),
        Prospect::Removed => (Name::Removed, None, None),
        Prospect::Reinstalled => (Name::Reinstalled, None, None),
        Prospect::CouldNot => (Name::CouldNot, None, None),
        Prospect::Impossible { why } => (Name::Impossible, None, Some(obstacle(why))),
    };
    wire::DeviceProspect {
        device_id: row.device.0,
        name: row.name,
        ring: row.ring.0,
        state: attempt_state(row.state),
        prospect: name,
        until,
        why,
    }
}

/// An outlook added up by what people ask for.
#[derive(Debug, Default)]
struct Counts {
    removable: u32,
    first_closes_at: Option<DateTime<Utc>>,
    closing: BTreeMap<NaiveDate, u32>,
    installing: u32,
    not_installed: u32,
    impossible: Vec<(Obstacle, u32)>,
    removing: u32,
    removed: u32,
    could_not: u32,
    reinstalled: u32,
}

impl Counts {
    fn of(outlook: &Outlook) -> Self {
        let mut counts = Self::default();
        for (prospect, devices) in &outlook.devices {
            let of = match prospect {
                Prospect::Removable { until } => {
                    if let Some(until) = until {
                        let first = counts.first_closes_at.unwrap_or(*until);
                        counts.first_closes_at = Some(first.min(*until));
                        *counts.closing.entry(until.date_naive()).or_default() += devices;
                    }
                    &mut counts.removable
                }
                Prospect::Installing => &mut counts.installing,
                Prospect::NotInstalled => &mut counts.not_installed,
                Prospect::Removing => &mut counts.removing,
                Prospect::Removed => &mut counts.removed,
                Prospect::Reinstalled => &mut counts.reinstalled,
                Prospect::CouldNot => &mut counts.could_not,
                Prospect::Impossible { why } => {
                    counts.add_impossible(*why, *devices);
                    continue;
                }
            };
            *of += devices;
        }
        counts
    }

    /// Windows that are over are one reason, whenever they were.
    fn add_impossible(&mut self, why: Obstacle, devices: u32) {
        let same = |(known, _): &&mut (Obstacle, u32)| obstacle(*known) == obstacle(why);
        match self.impossible.iter_mut().find(same) {
            Some((_, count)) => *count += devices,
            None => self.impossible.push((why, devices)),
        }
    }
}

fn way(reversal: Reversal) -> wire::ReversalWay {
    match reversal {
        Reversal::Uninstall => wire::ReversalWay::Uninstall,
        Reversal::GoBack { .. } => wire::ReversalWay::GoBack,
        Reversal::EarlierVersion => wire::ReversalWay::EarlierVersion,
        Reversal::Never => wire::ReversalWay::Never,
    }
}

fn sentence(outlook: &Outlook) -> String {
    match outlook.reversal {
        Reversal::Uninstall => {
            "Windows uninstalls it, as long as it is the newest quality update of \
            the device."
                .to_owned()
        }
        Reversal::GoBack { days } => format!(
            "Windows goes back to the version before, for {days} days after the upgrade; not where \
             the upgrade was an enablement package, which cannot be seen from here."
        ),
        Reversal::EarlierVersion => format!(
            "The policy names the version before{}, and the app follows at its next update.",
            outlook.back_to.as_ref().map(|version| format!(" ({version})")).unwrap_or_default()
        ),
        Reversal::Never => "Microsoft offers no way to take it back.".to_owned(),
    }
}

fn obstacle(why: Obstacle) -> wire::Obstacle {
    match why {
        Obstacle::Kind => wire::Obstacle::Kind,
        Obstacle::WindowOver { .. } => wire::Obstacle::WindowOver,
        Obstacle::Newer => wire::Obstacle::Newer,
        Obstacle::Gone => wire::Obstacle::Gone,
    }
}

fn because(why: Obstacle) -> &'static str {
    match why {
        Obstacle::Kind => "an update of this kind cannot be taken back",
        Obstacle::WindowOver { .. } => "the days in which they could go back are over",
        Obstacle::Newer => "they have a newer update, and only the newest can be taken back",
        Obstacle::Gone => "they are not in the directory any more, so they cannot be told",
    }
}
