//! Whom a policy applies to, on the wire.
//!
//! Never guesses: a target of an unknown kind stays [`WireTarget::Other`].

use domain::ids::DirectoryObjectId;
use serde_json::{Value, json};

use crate::error::GraphError;

const GROUP: &str = "microsoft.graph.groupAssignmentTarget";
const EXCLUDED: &str = "microsoft.graph.exclusionGroupAssignmentTarget";
const DEVICES: &str = "microsoft.graph.allDevicesAssignmentTarget";
const USERS: &str = "microsoft.graph.allLicensedUsersAssignmentTarget";

/// One target of a policy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum WireTarget {
    Group(DirectoryObjectId),
    ExcludedGroup(DirectoryObjectId),
    AllDevices,
    AllUsers,
    /// Of another kind (its type), which cannot be written back.
    Other(String),
}

impl WireTarget {
    pub(super) fn of_assignment(assignment: &Value) -> Self {
        Self::decode(assignment.get("target").unwrap_or(&Value::Null))
    }

    pub(crate) fn decode(target: &Value) -> Self {
        let kind = target.get("@odata.type").and_then(Value::as_str).unwrap_or_default();
        // Intune writes types with and without the hash (facts/graph.md 9, the examples).
        let kind = kind.trim_start_matches('#');
        let group = || target.get("groupId").and_then(Value::as_str)?.parse().ok();
        match (kind, group()) {
            (GROUP, Some(group)) => Self::Group(group),
            (EXCLUDED, Some(group)) => Self::ExcludedGroup(group),
            (DEVICES, _) => Self::AllDevices,
            (USERS, _) => Self::AllUsers,
            (other, _) => Self::Other(other.to_owned()),
        }
    }

    pub(super) fn encode(&self) -> Result<Value, GraphError> {
        let of = |kind: &str| format!("#{kind}");
        match self {
            Self::Group(group) => {
                Ok(json!({ "@odata.type": of(GROUP), "groupId": group.to_string() }))
            }
            Self::ExcludedGroup(group) => Ok(excluded(*group)),
            Self::AllDevices => Ok(json!({ "@odata.type": of(DEVICES) })),
            Self::AllUsers => Ok(json!({ "@odata.type": of(USERS) })),
            Self::Other(kind) => {
                let what = format!("a target of type {kind:?} cannot be written");
                Err(GraphError::Configuration { what })
            }
        }
    }
}

pub(super) fn excluded(group: DirectoryObjectId) -> Value {
    json!({ "@odata.type": format!("#{EXCLUDED}"), "groupId": group.to_string() })
}
