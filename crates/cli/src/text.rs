//! Words for values: times, numbers, phases.

use api_types::{
    Access, AttemptState, ConnectionState, CredentialKind, EnrollmentAction, EnrollmentState,
    Hotpatch, Level, PausedBy, Phase, PhaseName, Servicing, Severity, Strategy, UpdateKind,
    Verdict, Wish,
};
use chrono::{DateTime, TimeDelta, Utc};

use crate::output::Tone;
use crate::watch;

/// `2026-11-10 18:00:00Z`.
pub(crate) fn time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%SZ").to_string()
}

pub(crate) fn maybe_time(at: Option<DateTime<Utc>>) -> String {
    at.map_or_else(|| "-".to_owned(), time)
}

/// `Tue 2026-11-10 22:00 +01:00`, of what the service wrote as RFC 3339.
pub(crate) fn local(at: &str) -> String {
    let read = chrono::DateTime::parse_from_rfc3339(at);
    read.map_or_else(|_| at.to_owned(), |at| at.format("%a %Y-%m-%d %H:%M %:z").to_string())
}

/// A time to come: after a length like `3d` from now, or as RFC 3339.
pub(crate) fn moment(text: &str) -> Result<DateTime<Utc>, String> {
    let now = Utc::now();
    let at = match watch::length(text) {
        Ok(length) => {
            TimeDelta::from_std(length).ok().and_then(|length| now.checked_add_signed(length))
        }
        Err(_) => DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc()),
    };
    match at {
        None => Err("a length like 3d or 12h, or a time like 2026-12-24T18:00:00Z".to_owned()),
        Some(at) if at <= now => Err("this is past; it must be a time to come".to_owned()),
        Some(at) => Ok(at),
    }
}

pub(crate) fn maybe(text: Option<&str>) -> String {
    text.unwrap_or("-").to_owned()
}

/// `12,345`.
pub(crate) fn number(value: u32) -> String {
    let digits = value.to_string();
    let mut grouped = String::with_capacity(digits.len() + 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 device`, `1,200 devices`.
pub(crate) fn devices(count: u32) -> String {
    format!("{} {}", number(count), if count == 1 { "device" } else { "devices" })
}

pub(crate) const fn phase_name(name: PhaseName) -> &'static str {
    match name {
        PhaseName::Scheduled => "scheduled",
        PhaseName::Offering => "offering",
        PhaseName::Soaking => "soaking",
        PhaseName::Paused => "paused",
        PhaseName::Completed => "completed",
        PhaseName::RollingBack => "rolling back",
        PhaseName::RolledBack => "rolled back",
        PhaseName::Cancelled => "cancelled",
    }
}

/// `paused by the service: too many failed devices in ring 2`.
pub(crate) fn phase(phase: &Phase) -> String {
    let by = phase.paused_by.map(|by| match by {
        PausedBy::Person => " by a person",
        PausedBy::Service => " by the service",
        PausedBy::Both => " by a person and by the service",
    });
    let cause = phase.cause.as_ref().map(|cause| format!(": {cause}"));
    format!("{}{}{}", phase_name(phase.name), by.unwrap_or(""), cause.unwrap_or_default())
}

/// A symbol that stands beside the phase's word, so that colour never says it alone.
pub(crate) const fn phase_mark(name: PhaseName) -> (&'static str, Tone) {
    match name {
        PhaseName::Scheduled => ("○", Tone::Dim),
        PhaseName::Offering => ("▶", Tone::Good),
        PhaseName::Soaking => ("◔", Tone::Wait),
        PhaseName::Paused => ("‖", Tone::Bad),
        PhaseName::Completed => ("✓", Tone::Good),
        PhaseName::RollingBack => ("◀", Tone::Bad),
        PhaseName::RolledBack => ("◁", Tone::Bad),
        PhaseName::Cancelled => ("✗", Tone::Bad),
    }
}

pub(crate) const fn verdict(verdict: Verdict) -> (&'static str, &'static str, Tone) {
    match verdict {
        Verdict::Pass => ("✓", "pass", Tone::Good),
        Verdict::Wait => ("◔", "wait", Tone::Wait),
        Verdict::Fail => ("✗", "fail", Tone::Bad),
        Verdict::Unknown => ("?", "unknown", Tone::Bad),
    }
}

pub(crate) const fn level(level: Level) -> (&'static str, &'static str, Tone) {
    match level {
        Level::Ready => ("✓", "ready", Tone::Good),
        Level::Advisory => ("!", "advisory", Tone::Wait),
        Level::NotReady => ("✗", "not ready", Tone::Bad),
        Level::Error => ("?", "error", Tone::Bad),
    }
}

pub(crate) const fn enrollment_state(state: EnrollmentState) -> &'static str {
    match state {
        EnrollmentState::NotEnrolled => "not enrolled",
        EnrollmentState::Enrolling => "enrolling",
        EnrollmentState::Enrolled => "enrolled",
        EnrollmentState::Unenrolling => "unenrolling",
    }
}

pub(crate) const fn enrollment_action(action: EnrollmentAction) -> &'static str {
    match action {
        EnrollmentAction::Enroll => "enroll",
        EnrollmentAction::Restore => "restore",
        EnrollmentAction::Unenroll => "unenroll",
    }
}

pub(crate) const fn access(access: Access) -> &'static str {
    match access {
        Access::Closed => "closed",
        Access::Open => "open",
        Access::Held => "held",
        Access::Withdrawn => "withdrawn",
    }
}

pub(crate) const fn wish(wish: Wish) -> &'static str {
    match wish {
        Wish::Run => "run",
        Wish::Hold => "hold",
        Wish::Cancel => "cancel",
        Wish::Withdraw => "withdraw",
    }
}

pub(crate) const fn attempt_state(state: AttemptState) -> &'static str {
    match state {
        AttemptState::Assigned => "assigned",
        AttemptState::Offered => "offered",
        AttemptState::Unresolved => "unresolved",
        AttemptState::Withdrawn => "withdrawn",
        AttemptState::Installing => "installing",
        AttemptState::Installed => "installed",
        AttemptState::Lost => "lost",
        AttemptState::Confirmed => "confirmed",
        AttemptState::Failed => "failed",
        AttemptState::Removing => "removing",
        AttemptState::Removed => "removed",
        AttemptState::Stranded => "stranded",
        AttemptState::Excluded => "excluded",
    }
}

pub(crate) const fn connection(state: ConnectionState) -> &'static str {
    match state {
        ConnectionState::Unverified => "unverified",
        ConnectionState::Connected => "connected",
        ConnectionState::Refused => "refused",
        ConnectionState::Unreachable => "unreachable",
    }
}

pub(crate) const fn credential(kind: CredentialKind) -> &'static str {
    match kind {
        CredentialKind::Secret => "secret",
        CredentialKind::Certificate => "certificate",
    }
}

pub(crate) const fn strategy(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::DeploymentService => "deployment_service",
        Strategy::Intune => "intune",
    }
}

pub(crate) const fn update_kind(kind: UpdateKind) -> &'static str {
    match kind {
        UpdateKind::Quality => "quality",
        UpdateKind::Feature => "feature",
        UpdateKind::Driver => "driver",
        UpdateKind::Edge => "edge",
        UpdateKind::Microsoft365Apps => "microsoft_365_apps",
    }
}

pub(crate) const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Moderate => "moderate",
        Severity::Important => "important",
        Severity::Critical => "critical",
    }
}

pub(crate) const fn servicing(servicing: Servicing) -> &'static str {
    match servicing {
        Servicing::Monthly => "monthly security update",
        Servicing::Preview => "optional preview",
        Servicing::OutOfBand => "out of band",
        Servicing::Other => "other",
    }
}

pub(crate) const fn hotpatch(hotpatch: Hotpatch) -> &'static str {
    match hotpatch {
        Hotpatch::Available => "needs no restart on devices that take hotpatches",
        Hotpatch::Baseline => "baseline: every device restarts",
    }
}

#[cfg(test)]
mod tests {
    use super::{moment, number};

    #[test]
    fn an_end_is_a_length_or_a_time_to_come() {
        for good in ["3d", "12h", "2999-01-01T00:00:00Z", "2999-01-01T00:00:00+02:00"] {
            assert!(moment(good).is_ok(), "{good}");
        }
        for bad in ["tomorrow", "3", "0s", "2020-01-01T00:00:00Z", "99999999999999d"] {
            assert!(moment(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn thousands_are_grouped() {
        assert_eq!(
            [0, 999, 1000, 1_234_567].map(number),
            ["0", "999", "1,000", "1,234,567"].map(str::to_owned)
        );
    }
}
