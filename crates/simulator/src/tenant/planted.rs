//! Groups and update rings that defects put into the tenant, as if the organisation had made them
//! long ago. A defect that is fixed takes its own away again, and nothing else.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::clock::Seconds;
use crate::defect::{Defect, Defects};
use crate::tenant::Tenant;
use crate::tenant::assignments::Assignment;
use crate::tenant::configurations::{Configuration, UPDATE_RING};
use crate::tenant::groups::security_group;
use crate::tenant::organisation::{Organisation, Thing};

/// The name the service would give, had nobody taken it.
const TAKEN: &str = "Concentric - Default - Test";

/// Update rings by defect: whom they reach, where anybody, and their names.
const RINGS: [(Defect, &str, &str); 3] = [
    (Defect::UpdateRingForAllDevices, "allDevices", "Updates for all devices"),
    (Defect::UpdateRingForAllUsers, "allLicensedUsers", "Updates for all users"),
    (Defect::PolicyNameTaken, "", TAKEN),
];

impl Tenant {
    /// Makes what the new defects bring, and removes what the old ones brought.
    pub(crate) fn plant(&mut self, organisation: &Organisation, before: Defects) {
        let defects = organisation.defects;
        for defect in defects.changed(before) {
            let id = organisation.id_of(Thing::MadeBy(defect));
            if let Some((_, target, name)) = RINGS.iter().find(|(of, ..)| *of == defect) {
                self.configurations.retain(|one| one.object.id != id);
                if defects.has(defect) {
                    self.configurations.push(update_ring(id, name, target, organisation.start));
                }
            }
            if defect == Defect::GroupNameTaken {
                if defects.has(defect) {
                    let group = json!({ "displayName": TAKEN, "mailNickname": "concentric-test",
                        "description": "Kept by the organisation" });
                    self.groups.insert_for_others(id, security_group(&group, organisation.start));
                } else if let Some(slot) = self.groups.slot(id) {
                    self.groups.delete(slot);
                }
            }
        }
        self.changed();
    }
}

fn update_ring(id: Uuid, name: &str, target: &str, start: Seconds) -> Configuration {
    let sent = json!({ "displayName": name, "description": "Kept by the organisation",
        "automaticUpdateMode": "autoInstallAtMaintenanceTime" });
    let mut ring = Configuration::new(UPDATE_RING, &sent, start);
    ring.object.id = id;
    if !target.is_empty() {
        let target = format!("#microsoft.graph.{target}AssignmentTarget");
        let target: Value = json!([{ "target": { "@odata.type": target } }]);
        let targets = target.as_array().map(Vec::as_slice).unwrap_or_default();
        ring.assignments = Assignment::all(id, targets).unwrap_or_default();
    }
    ring
}
