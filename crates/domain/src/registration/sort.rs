//! What sort of machine a device is, by the names its firmware gives it.
//!
//! Never a reason to turn a device away.

use super::Sort;
use super::edition::Edition;

/// How models of virtual machines begin, whoever makes them.
const VIRTUAL_MODELS: [&str; 12] = [
    "Virtual Machine", // Hyper-V, Azure
    "VMware",
    "VirtualBox",
    "Parallels",
    "KVM",
    "Standard PC (", // QEMU
    "HVM domU",      // Xen
    "AHV",           // Nutanix
    "BHYVE",
    "RHEV",
    "OpenStack",
    "Google Compute Engine",
];
/// Manufacturers that make nothing but virtual machines.
const VIRTUAL_MAKERS: [&str; 6] = ["VMware", "QEMU", "Xen", "Amazon EC2", "innotek", "Parallels"];

impl Sort {
    /// The sort of a machine with these firmware names.
    ///
    /// A single-session virtual desktop looks like any other machine of Azure, so only those with
    /// Azure Virtual Desktop's own edition are told apart; the rest is [`Sort::Virtual`].
    #[must_use]
    pub fn of(manufacturer: &str, model: &str, edition: Edition) -> Self {
        let (manufacturer, model) = (manufacturer.trim(), model.trim());
        let hyper_v = manufacturer.eq_ignore_ascii_case("Microsoft Corporation")
            && model.eq_ignore_ascii_case("Virtual Machine");
        let starts = |text: &str, starts: &[&str]| starts.iter().any(|one| begins(text, one));
        if begins(model, "Cloud PC") {
            Self::CloudPc
        } else if hyper_v && edition == Edition::MultiSession {
            Self::VirtualDesktop
        } else if starts(model, &VIRTUAL_MODELS) || starts(manufacturer, &VIRTUAL_MAKERS) {
            Self::Virtual
        } else {
            Self::Physical
        }
    }
}

/// Whether `text` begins with `start`, whatever the case of its letters.
fn begins(text: &str, start: &str) -> bool {
    text.get(..start.len()).is_some_and(|found| found.eq_ignore_ascii_case(start))
}
