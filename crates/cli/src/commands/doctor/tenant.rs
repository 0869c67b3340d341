//! What the server shows of a tenant.

use api_types::{
    Assessment, ConnectionState, Enrollment, EnrollmentState, Level, Rollout, StandingPause, Tenant,
};
use chrono::{DateTime, TimeDelta, Utc};

use super::finding::Finding;
use crate::{pauses, text};

/// Three times as long as a server lets pass by default.
const SYNC_OVERDUE: TimeDelta = TimeDelta::hours(36);
/// Eight times as long as a server lets pass by default.
const OBSERVED_OVERDUE: TimeDelta = TimeDelta::hours(2);
/// A scheduler that works looks within a second.
const LOOK_OVERDUE: TimeDelta = TimeDelta::minutes(10);

pub(super) fn none() -> Finding {
    Finding::note("tenants", "there is none that you may see")
        .because("Without a tenant there is nothing to serve.")
        .so("`concentric tenant create` serves one; docs/guide.md goes through it.")
}

pub(super) fn connection(tenant: &Tenant) -> Finding {
    let name = format!("connection of {}", tenant.name);
    let state = text::connection(tenant.connection.state);
    let error = tenant.connection.error.as_ref().map(|error| format!(": {error}"));
    let said = format!("{state}{}", error.unwrap_or_default());
    match tenant.connection.state {
        ConnectionState::Connected => Finding::good(name, said),
        ConnectionState::Unverified => Finding::note(name, said)
            .because("Nobody knows yet whether the credentials are right.")
            .so("Its first sync tries them: `concentric tenant sync`."),
        ConnectionState::Refused => Finding::wrong(name, said)
            .because("Nothing is offered, paused or taken back until Microsoft lets us in again.")
            .so("Check secret or certificate, its expiry, and the consent in Entra; \
                 `concentric tenant permissions` shows what is needed."),
        ConnectionState::Unreachable => Finding::wrong(name, said)
            .because("Nothing is offered, paused or taken back meanwhile; it is tried again by itself.")
            .so("Check proxy and firewall of the server: `concentric tenant assess` tries the addresses."),
    }
}

pub(super) fn synced(tenant: &Tenant, now: DateTime<Utc>) -> Vec<Finding> {
    let name = format!("sync of {}", tenant.name);
    let late = |at: DateTime<Utc>, most| now.signed_duration_since(at) > most;
    let mut all = Vec::new();
    all.push(match tenant.synced_at {
        None => Finding::note(name, "not read yet")
            .because("Devices, groups and updates are not known before.")
            .so("It follows by itself once the tenant is connected; `concentric tenant sync` orders it."),
        Some(at) if late(at, SYNC_OVERDUE) => {
            Finding::wrong(name, format!("last read from scratch at {}", text::time(at)))
                .because("New devices and updates are not seen, and devices that left are still served.")
                .so("`concentric tenant sync` orders it; the server's log says why it did not happen.")
        }
        Some(at) => Finding::good(name, format!("read from scratch at {}", text::time(at))),
    });
    if let Some(at) = tenant.observed_to.filter(|&at| late(at, OBSERVED_OVERDUE)) {
        let name = format!("reports of {}", tenant.name);
        all.push(
            Finding::wrong(name, format!("read up to {}", text::time(at)))
                .because(
                    "Gates wait for outcomes that nobody reads, and a bad update is seen late.",
                )
                .so("The server's log says why: look for `observe`."),
        );
    }
    if let Some(missing) = tenant.missing_devices {
        let name = format!("devices of {}", tenant.name);
        let text = format!("Graph no longer shows {}, which are kept", text::devices(missing));
        all.push(
            Finding::wrong(name, text)
                .because("Either Graph answered by halves, or a large part of the fleet is gone.")
                .so(format!(
                    "If they are gone: `concentric tenant remove-missing --devices {missing}`."
                )),
        );
    }
    all
}

pub(super) fn enrollment(tenant: &str, enrollment: &Enrollment) -> Finding {
    let name = format!("enrollment of {tenant}");
    let differ = enrollment.objects.iter().filter(|object| !object.drift.is_empty()).count();
    if let Some(error) = &enrollment.error {
        return Finding::wrong(name, format!("does not go on: {error}"))
            .because("Rings lack groups or policies in the tenant until it does.")
            .so("`concentric tenant enrollment` shows the steps left; mend the cause and it goes on.");
    }
    if differ > 0 {
        return Finding::wrong(name, format!("{differ} objects differ from what was made"))
            .because("Devices may get updates otherwise than the rings say.")
            .so("`concentric tenant drift` shows what; `--restore` makes it what it was.");
    }
    match enrollment.state {
        EnrollmentState::Enrolled => Finding::good(name, "as made"),
        EnrollmentState::NotEnrolled => Finding::note(name, "not enrolled")
            .because("Rings have no groups and policies in the tenant, so nothing can be offered.")
            .so("`concentric tenant enroll` shows what it would make, then asks."),
        state @ (EnrollmentState::Enrolling | EnrollmentState::Unenrolling) => {
            Finding::note(name, text::enrollment_state(state))
                .because("It is under way; what it makes is not all there.")
                .so("`concentric tenant enrollment` shows the steps left.")
        }
    }
}

pub(super) fn readiness(tenant: &str, assessment: &Assessment) -> Finding {
    let name = format!("readiness of {tenant}");
    let (_, word, _) = text::level(assessment.level);
    let text = format!("{word}, checked at {}", text::time(assessment.at));
    let finding = match assessment.level {
        Level::Ready => return Finding::good(name, text),
        Level::Advisory => Finding::note(name, text),
        Level::NotReady | Level::Error => Finding::wrong(name, text),
    };
    finding
        .because("What is not ready can keep devices from being served, or served right.")
        .so("`concentric tenant assess` says what, why, and what to do about each.")
}

pub(super) fn pause(tenant: &str, pause: &StandingPause) -> Finding {
    let scope = pauses::scope(pause.scope, pause.ring);
    let reason = pause.reason.as_ref().map(|reason| format!(": {reason}"));
    let at = text::time(pause.at);
    let text = format!("{scope}, by {} since {at}{}", pause.by, reason.unwrap_or_default());
    Finding::note(format!("pause in {tenant}"), text)
        .because("Nothing new is offered there until a person lets it go on.")
        .so("`concentric resume` ends it when it is no longer needed.")
}

/// Whether rollouts are looked at when they are due.
pub(super) fn work(tenant: &str, rollouts: &[&Rollout], now: DateTime<Utc>) -> Finding {
    let name = format!("work for {tenant}");
    let late = |rollout: &&&Rollout| {
        rollout.next_look.is_some_and(|at| now.signed_duration_since(at) > LOOK_OVERDUE)
    };
    let mut overdue: Vec<&&Rollout> = rollouts.iter().filter(late).collect();
    overdue.sort_by_key(|rollout| rollout.next_look);
    let Some(first) = overdue.first() else {
        return Finding::good(name, "no rollout is overdue");
    };
    let since = text::maybe_time(first.next_look);
    let (count, release) = (overdue.len(), &first.release_name);
    Finding::wrong(name, format!("{count} overdue, {release} since {since}"))
        .because("Gates are not judged and alarms not raised while nobody looks.")
        .so("The scheduler runs within `concentric serve`: see that one runs, and what its log says.")
}
