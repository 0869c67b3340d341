//! Policies that others changed, and those of others that stand against ours: what the comparison of the
//! enrollment and the readiness checks found last.
//!
//! Which settings of which policies meet on one device Intune counts for people, in its admin centre; Graph
//! gives an application no such list in version 1.0. Group policy and the registry are in no API at all.

use domain::enrollment::drift::What;
use domain::ids::TenantId;
use domain::readiness::{CHECKS, CheckId, Level};

use super::super::cell::{Cell, Row};
use crate::problem::Problem;
use crate::reports::make::Source;

pub(super) async fn rows(state: &Source, tenant: TenantId) -> Result<Vec<Row>, Problem> {
    let mut rows = Vec::new();
    if let Some(enrollment) = state.store.enrollment_fetch(tenant).await? {
        for difference in &enrollment.drift {
            let mut add = |kind: &'static str, field: Cell, expected: Cell, found: Cell| {
                let fix = "Restore it, or enroll anew: `concentric tenant drift` shows both.";
                rows.push(vec![
                    kind.into(),
                    difference.key.to_string().into(),
                    difference.id.clone().into(),
                    field,
                    expected,
                    found,
                    Cell::maybe(enrollment.drift_at),
                    fix.into(),
                ]);
            };
            match &difference.what {
                What::Missing => add("missing", Cell::Empty, Cell::Empty, Cell::Empty),
                What::Changed { fields } => {
                    for field in fields {
                        let sides = (field.expected.to_string(), field.found.to_string());
                        add("changed", field.field.clone().into(), sides.0.into(), sides.1.into());
                    }
                }
            }
        }
    }
    let Some(latest) = state.store.assessment_latest(tenant).await? else { return Ok(rows) };
    let checks =
        [(CheckId::UpdateRings, "update_ring"), (CheckId::ConditionalAccess, "conditional_access")];
    for (check, kind) in checks {
        let found = latest.assessment.findings.iter().find(|finding| finding.check == check);
        let Some(found) = found.filter(|found| found.level != Level::Ready) else { continue };
        let remedy = CHECKS.iter().find(|row| row.id == check).map(|row| row.remedy);
        for object in &found.evidence {
            rows.push(vec![
                kind.into(),
                object.clone().into(),
                Cell::Empty,
                found.summary.clone().into(),
                Cell::Empty,
                Cell::Empty,
                latest.assessment.at.into(),
                Cell::maybe(remedy),
            ]);
        }
    }
    Ok(rows)
}
