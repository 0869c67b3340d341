//! Readiness: checks and findings in the words of the API.

use api_types as wire;
use domain::permission::{Capability, Permission};
use domain::readiness::check::{Check, CheckId, Fix};
use domain::readiness::compare::{Change, ChangeKind, compare};
use domain::readiness::{Finding, Level};
use store::assessments::AssessmentRow;

pub(crate) fn level(level: Level) -> wire::Level {
    match level {
        Level::Ready => wire::Level::Ready,
        Level::Advisory => wire::Level::Advisory,
        Level::NotReady => wire::Level::NotReady,
        Level::Error => wire::Level::Error,
    }
}

/// The word of a check in JSON.
fn word(id: CheckId) -> String {
    id.word().to_owned()
}

fn fix(fix: Fix) -> String {
    match fix {
        Fix::ExcludeFromUpdateRings => "exclude_from_update_rings".to_owned(),
    }
}

pub(crate) fn check(check: &Check) -> wire::Check {
    wire::Check {
        id: word(check.id),
        title: check.title.to_owned(),
        reads: check.reads.to_owned(),
        rule: check.rule.to_owned(),
        failing: level(check.failing),
        since: check.since.to_owned(),
        until: check.until.map(str::to_owned),
        rationale: check.rationale.to_owned(),
        source: check.source.to_owned(),
        remedy: check.remedy.to_owned(),
        fix: check.fix.map(fix),
    }
}

pub(crate) fn permission(permission: &Permission) -> wire::Permission {
    let capability = |capability: &Capability| {
        match capability {
            Capability::Assess => "assess",
            Capability::Register => "register",
            Capability::Enroll => "enroll",
            Capability::RollOut => "roll_out",
            Capability::ActOnDevices => "act_on_devices",
        }
        .to_owned()
    };
    wire::Permission {
        value: permission.value.to_owned(),
        role_id: permission.role,
        capabilities: permission.capabilities.iter().map(capability).collect(),
        reason: permission.reason.to_owned(),
        contained_in: permission.contained_in.iter().map(|one| (*one).to_owned()).collect(),
    }
}

fn finding(finding: &Finding) -> wire::Finding {
    let about = finding.check.check();
    let fails = finding.level != Level::Ready;
    wire::Finding {
        check: word(finding.check),
        title: about.title.to_owned(),
        level: level(finding.level),
        summary: finding.summary.clone(),
        evidence: finding.evidence.clone(),
        remedy: fails.then(|| about.remedy.to_owned()),
        fix: about.fix.filter(|_| fails).map(fix),
        missing_permission: finding.missing_permission.clone(),
    }
}

fn change(change: Change) -> wire::FindingChange {
    wire::FindingChange {
        check: word(change.check),
        from: change.from.map(level),
        to: level(change.to),
        regressed: change.kind == ChangeKind::Regressed,
    }
}

/// Whether an assessment keeps a tenant from being enrolled: what could not be read does too.
pub(crate) fn blocks(worst: Level) -> bool {
    match worst {
        Level::Ready | Level::Advisory => false,
        Level::NotReady | Level::Error => true,
    }
}

pub(crate) fn assessment(
    row: &AssessmentRow,
    before: Option<&AssessmentRow>,
    consent_link: &str,
) -> wire::Assessment {
    let assessment = &row.assessment;
    let changes = before.map(|before| compare(&before.assessment, assessment)).unwrap_or_default();
    let consent = |finding: &Finding| {
        let permissions = finding.check == CheckId::Permissions && finding.level != Level::Ready;
        permissions || finding.missing_permission.is_some()
    };
    wire::Assessment {
        id: row.id,
        at: assessment.at,
        level: level(assessment.level),
        blocks_enrollment: blocks(assessment.level),
        findings: assessment.findings.iter().map(finding).collect(),
        changes: changes.into_iter().map(change).collect(),
        consent_link: assessment.findings.iter().any(consent).then(|| consent_link.to_owned()),
    }
}

pub(crate) fn summary(row: &AssessmentRow) -> wire::AssessmentSummary {
    let failing = row.assessment.findings.iter().filter(|finding| blocks(finding.level));
    wire::AssessmentSummary {
        id: row.id,
        at: row.assessment.at,
        level: level(row.assessment.level),
        failing: failing.map(|finding| word(finding.check)).collect(),
    }
}
