//! The rules themselves, in the order in which reasons are told.
//!
//! What is not known is never held against a device: an unknown owner is not personal, an unknown
//! edition not unsupported. Never stops at the first reason.

use chrono::{DateTime, TimeDelta, Utc};

use super::edition::Edition;
use super::facts::{Agent, Architecture, DeviceFacts, Join, Owner, System, Workloads};
use super::reason::{Reason, Reasons};
use super::{Registration, Sort, Standing};
use crate::build::Build;

/// A device that Intune has not heard of for longer is inactive (facts/autopatch.md 3.2).
pub const INACTIVE_AFTER: TimeDelta = TimeDelta::days(28);

/// Windows 10, version 1809: the first that is served (facts/autopatch.md 1.2).
pub const FIRST_BUILD: Build = Build { major: 10, minor: 0, build: 17763, revision: 0 };

/// What firmware says when nobody wrote a name to it.
const PLACEHOLDERS: [&str; 17] = [
    "System Serial Number",
    "SystemSerialNumber",
    "System Product Name",
    "System Manufacturer",
    "System Name",
    "System Version",
    "Chassis Serial Number",
    "To be filled by O.E.M.",
    "To be filled by O.E.M",
    "To be filled by OEM",
    "Default string",
    "Not Specified",
    "Not Applicable",
    "N/A",
    "None",
    "Unknown",
    "O.E.M.",
];

/// Whether firmware left this name out, or filled it with a placeholder. Whoever looks for shared
/// serial numbers leaves these out: thousands of machines have `Default string` in common.
#[must_use]
pub fn is_missing(name: &str) -> bool {
    let name = name.trim();
    name.chars().all(|letter| letter == '0')
        || PLACEHOLDERS.iter().any(|placeholder| name.eq_ignore_ascii_case(placeholder))
}

/// Judges one device as it stands at `now`. O(1), no allocation.
#[must_use]
pub fn register(facts: &DeviceFacts, now: DateTime<Utc>) -> Registration {
    let edition = Edition::of(&facts.traits.edition, facts.traits.edition_number);
    let mut reasons = in_directory(facts);
    if facts.in_intune {
        reasons = managed(facts, reasons);
        reasons = hardware(facts, reasons);
        reasons = reasons.with_if(Reason::Inactive, is_inactive(facts.last_sync, now));
        reasons = windows(facts, edition, reasons);
        let shared = facts.serial_shared && !is_missing(&facts.serial);
        reasons = reasons.with_if(Reason::DuplicateSerial, shared);
    }
    reasons = reasons
        .with_if(Reason::GroupConflict, facts.claimed_twice)
        .with_if(Reason::Excluded, facts.excluded)
        .with_if(Reason::Held, facts.held);
    Registration {
        standing: standing(reasons),
        reasons,
        sort: Sort::of(&facts.manufacturer, &facts.model, edition),
        quality_only: edition == Edition::LongTerm,
    }
}

/// What Entra alone tells. A device that is not there is neither disabled nor enabled.
fn in_directory(facts: &DeviceFacts) -> Reasons {
    let traits = &facts.traits;
    Reasons::empty()
        // What is no Windows is not looked for in Intune, so nothing is known of that.
        .with_if(Reason::NotInIntune, !facts.in_intune && traits.system == System::Windows)
        .with_if(Reason::NotInEntra, !facts.in_entra)
        .with_if(Reason::EntraDisabled, facts.in_entra && !traits.enabled)
        .with_if(Reason::JoinUnsupported, traits.join == Join::Registered)
        .with_if(Reason::NotWindows, traits.system != System::Windows)
}

fn managed(facts: &DeviceFacts, reasons: Reasons) -> Reasons {
    let traits = &facts.traits;
    let left = |has: fn(Workloads) -> bool| {
        traits.agent == Agent::CoManaged && traits.workloads.is_some_and(|with| !has(with))
    };
    reasons
        .with_if(Reason::ConfigurationManagerOnly, traits.agent == Agent::ConfigurationManager)
        .with_if(Reason::Personal, traits.owner == Owner::Personal)
        .with_if(Reason::UpdatesNotInIntune, left(|with| with.updates))
        .with_if(Reason::ConfigurationNotInIntune, left(|with| with.configuration))
        .with_if(Reason::OfficeNotInIntune, left(|with| with.office))
}

fn hardware(facts: &DeviceFacts, reasons: Reasons) -> Reasons {
    reasons
        .with_if(Reason::MissingSerial, is_missing(&facts.serial))
        .with_if(Reason::MissingModel, is_missing(&facts.model))
        .with_if(Reason::MissingManufacturer, is_missing(&facts.manufacturer))
}

/// A device that never had contact counts as inactive.
fn is_inactive(last_sync: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    last_sync.is_none_or(|last| now.signed_duration_since(last) > INACTIVE_AFTER)
}

/// Arm64 is served, though the prerequisites of 2022 and 2023 name x64 alone: Microsoft documents
/// hotpatch, which needs registration with the service, for Arm64 devices too (Windows Autopatch,
/// "Hotpatch updates", 2024-12-17; facts/autopatch.md 5.1). 32-bit Windows is not.
fn windows(facts: &DeviceFacts, edition: Edition, reasons: Reasons) -> Reasons {
    let narrow = match facts.traits.architecture {
        Architecture::X86 | Architecture::Arm => true,
        Architecture::Unknown | Architecture::X64 | Architecture::Arm64 => false,
    };
    reasons
        .with_if(Reason::EditionUnsupported, edition == Edition::Unsupported)
        .with_if(Reason::BuildUnsupported, facts.build.is_some_and(|build| build < FIRST_BUILD))
        .with_if(Reason::ArchitectureUnsupported, narrow)
        .with_if(Reason::MultiSession, edition == Edition::MultiSession)
}

/// What an administrator decided comes first, then what only an administrator can decide, then the
/// prerequisites. Reasons that pass by themselves leave a device its registration.
fn standing(reasons: Reasons) -> Standing {
    let passing = reasons.without(Reason::Inactive).without(Reason::Held).is_empty();
    if reasons.has(Reason::Excluded) {
        Standing::Excluded
    } else if reasons.has(Reason::GroupConflict) {
        Standing::GroupConflict
    } else if !passing {
        Standing::PrerequisiteFailed
    } else if !reasons.is_empty() {
        Standing::NotReady
    } else {
        Standing::Ready
    }
}
