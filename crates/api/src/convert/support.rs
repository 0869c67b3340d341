//! Support requests, as they go over the wire.

use api_types as wire;
use chrono::{DateTime, Utc};
use domain::ids::TenantId;
use domain::support::{Category, Event, Severity, Status, Subject, SubjectKind};
use store::support::{NoteRow, ReferenceRow, RequestRow};

use super::support_desks::reference;
use crate::checks::Checks;

pub(crate) fn request(row: RequestRow, now: DateTime<Utc>) -> wire::SupportRequest {
    let answer_by = row.created_at + row.severity.answer_within();
    wire::SupportRequest {
        id: row.id.0,
        about: wire::SupportSubject {
            kind: kind(row.about.kind),
            id: row.about.id,
            name: row.about_name,
        },
        title: row.title,
        description: row.description,
        severity: severity(row.severity),
        category: category(row.category),
        status: status(row.status),
        status_at: row.status_at,
        requester: row.requester,
        assignee: row.assignee,
        follows: row.follows.map(|follows| follows.0),
        answer_by,
        answered_at: row.answered_at,
        is_late: row.status.is_open() && row.answered_at.is_none() && now > answer_by,
        reopen_until: row.status.reopen_until(),
        created_at: row.created_at,
        changed_at: row.changed_at,
        bundle_bytes: row.bundle_bytes,
        bundle_sha256: store::support::shown(&row.bundle_sha256),
    }
}

pub(crate) fn detail(
    row: RequestRow,
    notes: Vec<NoteRow>,
    references: Vec<ReferenceRow>,
    now: DateTime<Utc>,
) -> wire::SupportRequestDetail {
    let note = |note: NoteRow| wire::SupportNote {
        id: note.id,
        at: note.at,
        author: note.author,
        text: note.text,
        status: note.status.and_then(|word| Status::from_word(&word, note.at)).map(status),
        assignee: note.assignee,
    };
    let conversation = notes.into_iter().map(note).collect();
    let references = references.into_iter().map(reference).collect();
    wire::SupportRequestDetail { request: request(row, now), conversation, references }
}

const fn kind(kind: SubjectKind) -> wire::SupportSubjectKind {
    match kind {
        SubjectKind::Tenant => wire::SupportSubjectKind::Tenant,
        SubjectKind::Device => wire::SupportSubjectKind::Device,
        SubjectKind::Rollout => wire::SupportSubjectKind::Rollout,
        SubjectKind::Release => wire::SupportSubjectKind::Release,
        SubjectKind::RingSet => wire::SupportSubjectKind::RingSet,
        SubjectKind::Alert => wire::SupportSubjectKind::Alert,
    }
}

pub(crate) const fn severity(severity: Severity) -> wire::SupportSeverity {
    match severity {
        Severity::Minimal => wire::SupportSeverity::Minimal,
        Severity::Moderate => wire::SupportSeverity::Moderate,
        Severity::Critical => wire::SupportSeverity::Critical,
    }
}

pub(crate) const fn severity_in(severity: wire::SupportSeverity) -> Severity {
    match severity {
        wire::SupportSeverity::Minimal => Severity::Minimal,
        wire::SupportSeverity::Moderate => Severity::Moderate,
        wire::SupportSeverity::Critical => Severity::Critical,
    }
}

pub(crate) const fn category(category: Category) -> wire::SupportCategory {
    match category {
        Category::Updates => wire::SupportCategory::Updates,
        Category::Devices => wire::SupportCategory::Devices,
        Category::Policies => wire::SupportCategory::Policies,
        Category::Access => wire::SupportCategory::Access,
        Category::Reports => wire::SupportCategory::Reports,
        Category::Other => wire::SupportCategory::Other,
    }
}

pub(crate) const fn category_in(category: wire::SupportCategory) -> Category {
    match category {
        wire::SupportCategory::Updates => Category::Updates,
        wire::SupportCategory::Devices => Category::Devices,
        wire::SupportCategory::Policies => Category::Policies,
        wire::SupportCategory::Access => Category::Access,
        wire::SupportCategory::Reports => Category::Reports,
        wire::SupportCategory::Other => Category::Other,
    }
}

const fn status(status: Status) -> wire::SupportStatus {
    match status {
        Status::New => wire::SupportStatus::New,
        Status::InProgress => wire::SupportStatus::InProgress,
        Status::Waiting => wire::SupportStatus::Waiting,
        Status::Mitigated { .. } => wire::SupportStatus::Mitigated,
        Status::Resolved { .. } => wire::SupportStatus::Resolved,
    }
}

pub(crate) const fn event_in(step: wire::SupportStep) -> Event {
    match step {
        wire::SupportStep::InProgress => Event::Started,
        wire::SupportStep::Waiting => Event::Asked,
        wire::SupportStep::Mitigated => Event::Mitigated,
        wire::SupportStep::Resolved => Event::Resolved,
    }
}

/// What a request is to be about, checked; whether it is there is seen when evidence is gathered.
pub(crate) fn subject_in(
    about: &wire::SupportAbout,
    tenant: TenantId,
    checks: &mut Checks,
) -> Subject {
    let kind = match about.kind {
        wire::SupportSubjectKind::Tenant => SubjectKind::Tenant,
        wire::SupportSubjectKind::Device => SubjectKind::Device,
        wire::SupportSubjectKind::Rollout => SubjectKind::Rollout,
        wire::SupportSubjectKind::Release => SubjectKind::Release,
        wire::SupportSubjectKind::RingSet => SubjectKind::RingSet,
        wire::SupportSubjectKind::Alert => SubjectKind::Alert,
    };
    match (kind, about.id) {
        (SubjectKind::Tenant, Some(_)) => {
            checks.wrong("/about/id", "the tenant is that of the path; leave this out");
        }
        (SubjectKind::Tenant, None) => {}
        (_, None) => checks.wrong("/about/id", "the id of the thing is needed"),
        (_, Some(_)) => {}
    }
    Subject { kind, id: about.id.unwrap_or(tenant.0) }
}
