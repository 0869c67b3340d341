//! Where a device stands: words for it, and the expression that asks for it.

use api_types::Device;
use clap::ValueEnum;

use crate::cel;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Standing {
    Ready,
    NotReady,
    PrerequisiteFailed,
    GroupConflict,
    Excluded,
}

impl Standing {
    /// As the API says it.
    const fn word(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::NotReady => "not_ready",
            Self::PrerequisiteFailed => "prerequisite_failed",
            Self::GroupConflict => "group_conflict",
            Self::Excluded => "excluded",
        }
    }
}

/// One of these must hold. None: nothing is asked.
pub(super) fn expression(standings: &[Standing]) -> Option<String> {
    let one = |standing: &Standing| format!("standing == {}", cel::quote(standing.word()));
    let parts: Vec<String> = standings.iter().map(one).collect();
    if parts.is_empty() { None } else { Some(parts.join(" || ")) }
}

pub(super) fn of(device: &Device) -> String {
    word(device.standing.as_deref())
}

pub(super) fn word(standing: Option<&str>) -> String {
    standing.map_or_else(|| "not judged yet".to_owned(), |word| word.replace('_', " "))
}
