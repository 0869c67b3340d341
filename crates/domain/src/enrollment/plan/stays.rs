//! What an unenrollment leaves behind, in words for the administrator who asked for it.
//!
//! Never promises that a device forgets a setting: that is up to Windows.

use super::record::without_exclusion;
use super::{Change, Step};
use crate::enrollment::fields::is_same;
use crate::enrollment::key::{Key, Kind};
use crate::enrollment::object::Recorded;

pub(super) fn stays(steps: &[Step], recorded: &[Recorded]) -> Vec<String> {
    let deletes = |kind: Kind| {
        let is_one =
            |step: &Step| step.key.kind() == kind && matches!(step.change, Change::Delete { .. });
        steps.iter().any(is_one)
    };
    let mut stays = Vec::new();
    if deletes(Kind::UpdateRing) || deletes(Kind::SettingsPolicy) {
        stays.push(
            "Devices keep the settings they have until they check in with Intune, and some of them \
             until another policy says otherwise."
                .to_owned(),
        );
    }
    if deletes(Kind::FeatureProfile) || deletes(Kind::DriverProfile) {
        stays.push(
            "Feature updates and drivers that are installed stay installed; devices move on as \
             Windows Update offers, for no policy of ours holds them any more."
                .to_owned(),
        );
    }
    if deletes(Kind::Group) {
        stays.push(
            "The devices themselves stay as they are in Entra and Intune; only the groups go."
                .to_owned(),
        );
    }
    stays.extend(steps.iter().filter_map(|step| kept_by_others(step, recorded)));
    stays
}

/// Targets that others gave to their own update ring after us.
fn kept_by_others(step: &Step, recorded: &[Recorded]) -> Option<String> {
    let Key::Exclusion(ring) = &step.key else { return None };
    let Change::Restore { to, .. } = &step.change else { return None };
    let record = recorded.iter().find(|record| record.key == step.key)?;
    let original = without_exclusion(record.original.as_ref()?);
    (!is_same(&original, to)).then(|| {
        format!(
            "The organisation's update ring {ring} keeps the targets that others gave it since."
        )
    })
}
