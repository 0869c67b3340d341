//! To whom policies and configurations of Intune are assigned.

use serde_json::{Value, json};
use uuid::Uuid;

/// The groups that stand for everybody, in the ids of assignments.
const ALL_DEVICES: &str = "adadadad-808e-44e2-905a-0b7873a8a531";
const ALL_USERS: &str = "acacacac-9df4-4c7d-9d50-4ef0226f57a9";

#[derive(Debug, Clone)]
pub(crate) struct Assignment {
    id: String,
    pub(crate) target: Value,
}

/// Whom a target reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    Everybody,
    /// All people with a licence, and so their devices.
    Users,
    Group(Uuid),
    NotGroup(Uuid),
}

impl Reach {
    fn of(target: &Value) -> Option<Self> {
        let kind = target.get("@odata.type").and_then(Value::as_str)?;
        let group = || target.get("groupId")?.as_str()?.parse().ok();
        match kind.trim_start_matches('#').trim_start_matches("microsoft.graph.") {
            "allDevicesAssignmentTarget" => Some(Self::Everybody),
            "allLicensedUsersAssignmentTarget" => Some(Self::Users),
            "groupAssignmentTarget" => group().map(Self::Group),
            "exclusionGroupAssignmentTarget" => group().map(Self::NotGroup),
            _ => None,
        }
    }
}

impl Assignment {
    /// The assignments of an object, all of them anew; the target that cannot be read otherwise.
    pub(crate) fn all(owner: Uuid, sent: &[Value]) -> Result<Vec<Self>, Value> {
        let one = |sent: &Value| {
            let target = sent.get("target").cloned().unwrap_or_default();
            let id = match Reach::of(&target) {
                None => return Err(target),
                Some(Reach::Everybody) => format!("{owner}_{ALL_DEVICES}"),
                Some(Reach::Users) => format!("{owner}_{ALL_USERS}"),
                Some(Reach::Group(group) | Reach::NotGroup(group)) => format!("{owner}_{group}"),
            };
            Ok(Self { id, target })
        };
        sent.iter().map(one).collect()
    }

    pub(crate) fn reach(&self) -> Option<Reach> {
        Reach::of(&self.target)
    }

    /// The assignment as Graph shows it, of the type that belongs to its owner.
    pub(crate) fn json(&self, kind: &str) -> Value {
        json!({
            "@odata.type": format!("#microsoft.graph.{kind}"),
            "id": self.id,
            "target": self.target,
        })
    }
}
