//! Pauses as lines: who stopped what, and how far that has come.

use api_types::{PauseScope, PauseState};

use crate::text;

/// `tenant`, `release`, `rollout`, `ring 1`.
pub(crate) fn scope(scope: PauseScope, ring: Option<u8>) -> String {
    match (scope, ring) {
        (PauseScope::Tenant, _) => "tenant".to_owned(),
        (PauseScope::Release, _) => "release".to_owned(),
        (PauseScope::Rollout, _) => "rollout".to_owned(),
        (PauseScope::Ring, Some(ring)) => format!("ring {ring}"),
        (PauseScope::Ring, None) => "ring".to_owned(),
    }
}

/// Two lines for each: who and why, and its three clocks.
pub(crate) fn lines(pauses: &[PauseState]) -> Vec<String> {
    let mut lines = Vec::new();
    for pause in pauses {
        let reason = pause.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        let what = scope(pause.scope, pause.ring);
        lines.push(format!("  ‖ {what} paused by {}{reason}", pause.by));
        lines.push(format!("      {}", clocks(pause)));
    }
    lines
}

fn clocks(pause: &PauseState) -> String {
    let decided = format!("decided {}", text::time(pause.decided_at));
    let (Some(accepted), Some(told)) = (pause.accepted_at, pause.devices_told_by) else {
        return format!("{decided} · Graph has not accepted it everywhere yet");
    };
    let heard = pause.devices.map(|devices| {
        format!(
            " · {} of {} in flight have checked in since",
            text::number(devices.checked_in),
            text::devices(devices.in_flight)
        )
    });
    let (accepted, told) = (text::time(accepted), text::time(told));
    let heard = heard.unwrap_or_default();
    format!("{decided} · accepted by Graph {accepted} · devices told by {told}{heard}")
}

/// For `cut` and `awk`.
pub(crate) fn plain(pauses: &[PauseState]) -> Vec<String> {
    pauses
        .iter()
        .map(|pause| {
            let devices = pause
                .devices
                .map(|devices| format!("{}/{}", devices.checked_in, devices.in_flight));
            format!(
                "pause\t{}\t{}\t{}\t{}\t{}\t{}\t{}",
                scope(pause.scope, pause.ring),
                pause.by,
                text::time(pause.decided_at),
                text::maybe_time(pause.accepted_at),
                text::maybe_time(pause.devices_told_by),
                text::maybe(devices.as_deref()),
                text::maybe(pause.reason.as_deref()),
            )
        })
        .collect()
}
