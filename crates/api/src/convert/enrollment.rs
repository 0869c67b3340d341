//! Enrollment in the words of the API.

use api_types as wire;
use domain::enrollment::drift::{Difference, What};
use domain::enrollment::key::Kind;
use domain::enrollment::object::{Payload, Recorded};
use domain::enrollment::plan::{Change, Plan, Step};
use domain::enrollment::settings::{
    DriverApproval, DriverSettings, EdgeSettings, FeatureSettings, OfficeChannel, OfficeSettings,
    Settings,
};
use serde_json::Value;
use store::enrollment::{Demand, EnrollmentRow, EnrollmentState};

use crate::checks::Checks;

pub(crate) fn settings_in(settings: wire::EnrollmentSettings, checks: &mut Checks) -> Settings {
    let feature = settings.feature.map(|feature| {
        checks.text("/settings/feature/version", &feature.version, 100);
        FeatureSettings { version: feature.version }
    });
    let drivers = settings.drivers.map(|drivers| DriverSettings {
        approval: match drivers.approval {
            wire::DriverApproval::Automatic => DriverApproval::Automatic,
            wire::DriverApproval::Manual => DriverApproval::Manual,
        },
    });
    let edge = settings.edge.map(|edge| {
        checks.range("/settings/edge/beta_rings", &edge.beta_rings, 0..=15);
        EdgeSettings { beta_rings: edge.beta_rings }
    });
    let office = settings.office.map(|office| {
        checks.range("/settings/office/deadline_days", &office.deadline_days, 1..=30);
        let channel = match office.channel {
            wire::OfficeChannel::Current => OfficeChannel::Current,
            wire::OfficeChannel::MonthlyEnterprise => OfficeChannel::MonthlyEnterprise,
            wire::OfficeChannel::SemiAnnual => OfficeChannel::SemiAnnual,
        };
        OfficeSettings { channel, deadline_days: office.deadline_days }
    });
    Settings {
        ring_set: settings.ring_set_id.into(),
        restore_drift: settings.restore_drift,
        exclude_from_foreign_rings: settings.exclude_from_foreign_rings,
        feature,
        drivers,
        edge,
        office,
    }
}

fn settings(settings: Settings) -> wire::EnrollmentSettings {
    wire::EnrollmentSettings {
        ring_set_id: settings.ring_set.0,
        restore_drift: settings.restore_drift,
        exclude_from_foreign_rings: settings.exclude_from_foreign_rings,
        feature: settings.feature.map(|one| wire::FeatureSettings { version: one.version }),
        drivers: settings.drivers.map(|one| wire::DriverSettings {
            approval: match one.approval {
                DriverApproval::Automatic => wire::DriverApproval::Automatic,
                DriverApproval::Manual => wire::DriverApproval::Manual,
            },
        }),
        edge: settings.edge.map(|one| wire::EdgeSettings { beta_rings: one.beta_rings }),
        office: settings.office.map(|one| wire::OfficeSettings {
            channel: match one.channel {
                OfficeChannel::Current => wire::OfficeChannel::Current,
                OfficeChannel::MonthlyEnterprise => wire::OfficeChannel::MonthlyEnterprise,
                OfficeChannel::SemiAnnual => wire::OfficeChannel::SemiAnnual,
            },
            deadline_days: one.deadline_days,
        }),
    }
}

pub(crate) fn enrollment(
    row: Option<EnrollmentRow>,
    objects: &[Recorded],
    members_pending: u32,
) -> wire::Enrollment {
    let none: &[Difference] = &[];
    let drift = row.as_ref().map_or(none, |row| row.drift.as_slice());
    let objects = objects.iter().map(|object| shown(object, drift)).collect();
    let Some(row) = row else {
        return wire::Enrollment {
            state: wire::EnrollmentState::NotEnrolled,
            settings: None,
            plan: None,
            error: None,
            checked_at: None,
            objects,
            members_pending,
        };
    };
    wire::Enrollment {
        state: match row.state {
            EnrollmentState::None => wire::EnrollmentState::NotEnrolled,
            EnrollmentState::Enrolling => wire::EnrollmentState::Enrolling,
            EnrollmentState::Enrolled => wire::EnrollmentState::Enrolled,
            EnrollmentState::Unenrolling => wire::EnrollmentState::Unenrolling,
        },
        plan: Some(plan(&row)),
        settings: row.settings.map(settings),
        error: row.error,
        checked_at: row.drift_at,
        objects,
        members_pending,
    }
}

fn plan(row: &EnrollmentRow) -> wire::EnrollmentPlan {
    let empty = Plan::default();
    let plan = row.plan.as_ref().unwrap_or(&empty);
    wire::EnrollmentPlan {
        asked_at: row.requested_at,
        asked_by: row.requested_by.clone(),
        action: match row.demand {
            Demand::Enroll(_) => wire::EnrollmentAction::Enroll,
            Demand::Restore(_) => wire::EnrollmentAction::Restore,
            Demand::Unenroll => wire::EnrollmentAction::Unenroll,
        },
        apply: row.apply,
        planned_at: row.planned_at,
        steps: plan.steps.iter().map(step).collect(),
        done: row.done,
        skipped: plan.skipped.iter().flat_map(differences).collect(),
        stays: plan.stays.clone(),
    }
}

fn json(payload: &Payload) -> Option<Value> {
    serde_json::to_value(payload).ok()
}

fn step(step: &Step) -> wire::EnrollmentStep {
    let (change, from, to) = match &step.change {
        Change::Create { to } => ("create", None, json(to)),
        Change::Adopt { holds, .. } => ("adopt", json(holds), json(holds)),
        Change::Update { from, to, .. } => ("update", json(from), json(to)),
        Change::Delete { holds, .. } => ("delete", json(holds), None),
        Change::Restore { from, to, .. } => ("restore", json(from), json(to)),
        Change::Release { .. } => ("release", None, None),
    };
    wire::EnrollmentStep {
        key: step.key.to_string(),
        change: change.to_owned(),
        summary: step.sentence(),
        permissions: step.permissions.clone(),
        from,
        to,
    }
}

fn shown(object: &Recorded, drift: &[Difference]) -> wire::EnrollmentObject {
    let kind = match object.key.kind() {
        Kind::Group => "group",
        Kind::UpdateRing => "update_ring",
        Kind::FeatureProfile => "feature_profile",
        Kind::DriverProfile => "driver_profile",
        Kind::SettingsPolicy => "settings_policy",
    };
    let name = object.applied.name().unwrap_or("an update ring of the organisation").to_owned();
    wire::EnrollmentObject {
        key: object.key.to_string(),
        kind: kind.to_owned(),
        id: object.id.clone(),
        name,
        drift: drift.iter().filter(|one| one.key == object.key).flat_map(differences).collect(),
    }
}

fn differences(difference: &Difference) -> Vec<wire::Drift> {
    match &difference.what {
        What::Missing => vec![wire::Drift {
            field: None,
            expected: Value::Bool(true),
            found: Value::Bool(false),
            summary: difference.sentence(),
        }],
        What::Changed { fields } => fields
            .iter()
            .map(|field| wire::Drift {
                field: Some(field.field.clone()),
                expected: field.expected.clone(),
                found: field.found.clone(),
                summary: field.sentence(),
            })
            .collect(),
    }
}
