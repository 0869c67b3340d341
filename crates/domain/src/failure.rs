//! What error codes of Windows and of its updates mean, in a few words.
//!
//! For people only: nothing is decided by a code. From Microsoft's lists, in our words: "Windows Update
//! common errors and mitigation" and "Windows Update error code list by component" (learn.microsoft.com,
//! 0x8024..., 0x800f..., 0x80072e...), "System error codes" (winerror.h, 0x8007...) and "Resolve Windows
//! upgrade errors" (0xc190...).

/// What one code means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// In hexadecimal, lower case; or a word of ours.
    pub code: &'static str,
    /// As headers call it; empty: it has no name.
    pub name: &'static str,
    pub words: &'static str,
}

const fn known(code: &'static str, name: &'static str, words: &'static str) -> Known {
    Known { code, name, words }
}

/// The codes that are known, in order.
pub static KNOWN: [Known; 34] = [
    known("0x80070002", "ERROR_FILE_NOT_FOUND", "a file of the update is missing"),
    known("0x80070003", "ERROR_PATH_NOT_FOUND", "a folder of the update is missing"),
    known("0x80070005", "E_ACCESSDENIED", "access to a file or registry key was denied"),
    known(
        "0x8007000d",
        "ERROR_INVALID_DATA",
        "data of the update or the component store is damaged",
    ),
    known("0x8007000e", "E_OUTOFMEMORY", "the device ran out of memory"),
    known(
        "0x80070020",
        "ERROR_SHARING_VIOLATION",
        "another program, often a virus scanner, keeps a file open",
    ),
    known("0x80070070", "ERROR_DISK_FULL", "the disk is full"),
    known("0x80070422", "ERROR_SERVICE_DISABLED", "a service that updates need is disabled"),
    known("0x80070490", "ERROR_NOT_FOUND", "the component store lacks something"),
    known("0x80070643", "ERROR_INSTALL_FAILURE", "the installer failed; its own log says why"),
    known("0x80070bc2", "ERROR_SUCCESS_REBOOT_REQUIRED", "a restart is still to come"),
    known(
        "0x80070bc9",
        "ERROR_FAIL_REBOOT_REQUIRED",
        "it failed, and a restart takes the changes back",
    ),
    known("0x80072ee2", "WININET_E_TIMEOUT", "the update service did not answer in time"),
    known("0x80072efd", "WININET_E_CANNOT_CONNECT", "no connection to the update service"),
    known(
        "0x80072efe",
        "WININET_E_CONNECTION_ABORTED",
        "the connection to the update service broke off",
    ),
    known("0x80073701", "ERROR_SXS_ASSEMBLY_MISSING", "the component store lacks an assembly"),
    known("0x80073712", "ERROR_SXS_COMPONENT_STORE_CORRUPT", "the component store is damaged"),
    known("0x800f081f", "CBS_E_SOURCE_MISSING", "the source of a component was not found"),
    known("0x800f0831", "CBS_E_STORE_CORRUPTION", "the component store lacks an earlier update"),
    known(
        "0x800f0922",
        "CBS_E_INSTALLERS_FAILED",
        "a component could not be installed: often a full system partition",
    ),
    known(
        "0x80200053",
        "BG_E_VALIDATION_FAILED",
        "what was downloaded is not what was asked for: a proxy or firewall",
    ),
    known("0x80240017", "WU_E_NOT_APPLICABLE", "the update does not apply to the device"),
    known("0x80240022", "WU_E_ALL_UPDATES_FAILED", "every update of the batch failed"),
    known("0x80240034", "WU_E_DOWNLOAD_FAILED", "the download failed"),
    known(
        "0x80242006",
        "WU_E_UH_INVALIDMETADATA",
        "the description of the update is damaged on the device",
    ),
    known("0x8024200b", "WU_E_UH_INSTALLERFAILURE", "the installer of the update failed"),
    known("0x8024200d", "WU_E_UH_NEEDANOTHERDOWNLOAD", "the update has to be downloaded again"),
    known(
        "0x80242014",
        "WU_E_UH_POSTREBOOTSTILLPENDING",
        "work after the restart is still under way",
    ),
    known("0xc1900101", "", "the upgrade was rolled back: mostly a driver"),
    known("0xc1900200", "", "the device does not meet the requirements of the version"),
    known("0xc1900208", "", "an incompatible program stands in the way of the upgrade"),
    known("0xc190020e", "", "too little free disk space for the upgrade"),
    known(
        "applicable_again",
        "",
        "the device needs the driver again after it had it: Windows went back to the one before",
    ),
    known(
        "timed_out",
        "",
        "the device is heard of, and its install came to no end in twice the observation window",
    ),
];

/// What is known of a code, however its letters are written.
#[must_use]
pub fn find(code: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.code.eq_ignore_ascii_case(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_stand_in_order_once_each_and_say_something() {
        assert!(KNOWN.windows(2).all(|pair| pair[0].code < pair[1].code));
        for known in &KNOWN {
            let digits = known.code.strip_prefix("0x");
            let is_code = digits.is_none_or(|digits| {
                digits.len() == 8
                    && digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
            });
            assert!(is_code && !known.words.is_empty(), "{known:?}");
        }
        assert_eq!(find("0x800F0922").map(|known| known.name), Some("CBS_E_INSTALLERS_FAILED"));
        assert_eq!(find("0x12345678"), None);
    }
}
