//! What sort of failure an error code tells of, in the terms of Autopatch's alerts (facts/autopatch.md 6.3).

use serde::{Deserialize, Serialize};

/// A sort of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    DiskFull,
    Download,
    DownloadService,
    AccessDenied,
    FileLocked,
    FileMissing,
    OutOfMemory,
    Damaged,
    Installer,
    Incompatible,
    NotApplicable,
    RolledBack,
    RestartPending,
    TimedOut,
    /// A code that no list knows, or none.
    Other,
}

impl FailureClass {
    pub const ALL: [Self; 15] = [
        Self::DiskFull,
        Self::Download,
        Self::DownloadService,
        Self::AccessDenied,
        Self::FileLocked,
        Self::FileMissing,
        Self::OutOfMemory,
        Self::Damaged,
        Self::Installer,
        Self::Incompatible,
        Self::NotApplicable,
        Self::RolledBack,
        Self::RestartPending,
        Self::TimedOut,
        Self::Other,
    ];

    /// The class of a code (see [`failure`](crate::failure)), however its letters are written.
    #[must_use]
    pub fn of(code: Option<&str>) -> Self {
        let Some(code) = code else { return Self::Other };
        match code.to_ascii_lowercase().as_str() {
            "0x80070070" | "0xc190020e" => Self::DiskFull,
            "0x80072ee2" | "0x80072efd" | "0x80072efe" | "0x80200053" | "0x80240034"
            | "0x8024200d" => Self::Download,
            "0x80070422" => Self::DownloadService,
            "0x80070005" => Self::AccessDenied,
            "0x80070020" => Self::FileLocked,
            "0x80070002" | "0x80070003" => Self::FileMissing,
            "0x8007000e" => Self::OutOfMemory,
            "0x8007000d" | "0x80070490" | "0x80073701" | "0x80073712" | "0x800f081f"
            | "0x800f0831" | "0x80242006" => Self::Damaged,
            "0x80070643" | "0x800f0922" | "0x80240022" | "0x8024200b" => Self::Installer,
            "0xc1900200" | "0xc1900208" => Self::Incompatible,
            "0x80240017" => Self::NotApplicable,
            "0xc1900101" | "applicable_again" => Self::RolledBack,
            "0x80070bc2" | "0x80070bc9" | "0x80242014" => Self::RestartPending,
            "timed_out" => Self::TimedOut,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::KNOWN;

    #[test]
    fn every_known_code_has_a_class_and_every_class_but_the_last_a_code() {
        for known in &KNOWN {
            assert_ne!(FailureClass::of(Some(known.code)), FailureClass::Other, "{}", known.code);
        }
        for class in FailureClass::ALL {
            let has_code = KNOWN.iter().any(|known| FailureClass::of(Some(known.code)) == class);
            assert_eq!(has_code, class != FailureClass::Other, "{class:?}");
        }
        assert_eq!(FailureClass::of(Some("0X80070070")), FailureClass::DiskFull);
        assert_eq!(FailureClass::of(None), FailureClass::Other);
    }
}
