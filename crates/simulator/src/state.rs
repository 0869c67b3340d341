//! Everything an administrator or a client could have changed in the tenant, in one canonical JSON
//! value: sorted, and without what changes by itself (moments, versions, the progress of devices).
//! Two tenants in which the same was done are equal to the byte.
//!
//! What refers to groups names them, for the ids of made objects are drawn at random; with `ids`
//! the ids stand there too, and then only one tenant can be compared with itself.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::graph::identity::access_policies;
use crate::graph::request::Version;
use crate::tenant::deployments::Deployment;
use crate::tenant::documents::Kind;
use crate::tenant::enrolment::Category;
use crate::tenant::policies::{Policy, Status};
use crate::tenant::{Object, Properties};
use crate::world::World;

/// Moments, and what counts changes.
const FLEETING: [&str; 6] = [
    "createdDateTime",
    "lastModifiedDateTime",
    "modifiedDateTime",
    "version",
    "id",
    "settingCount",
];

pub(crate) fn of(world: &World, ids: bool) -> Value {
    let view = View { world, ids };
    let documents = |kind: Kind| {
        let all = world.tenant.documents.iter().filter(|one| one.kind == kind);
        sorted(all.map(|one| {
            let mut shown = view.object(&one.object, one.json());
            shown.insert("assignments".to_owned(), view.assignments(one.assigned()));
            if kind == Kind::SettingsPolicy {
                shown.insert("settings".to_owned(), Value::from(one.settings()));
            }
            Value::Object(shown)
        }))
    };
    let mut state = json!({
        "organisation": view.organisation(),
        "permissions": world.organisation.granted(),
        "conditionalAccess": sorted(access_policies(&world.organisation).into_iter().map(steady)),
        "users": world.organisation.people().map(|(_, name)| name).collect::<Vec<_>>(),
        "groups": view.groups(),
        "deviceConfigurations": view.configurations(),
        "updatePolicies": sorted(world.tenant.policies.iter().map(|one| view.policy(one))),
        "deployments": sorted(world.tenant.deployments.iter().map(|one| view.deployment(one))),
        "enrolments": view.enrolments(),
        "devices": { "count": world.fleet.count(), "retired": ranges(world.fleet.gone()) },
    });
    for kind in Kind::ALL {
        state[kind.collection()] = documents(kind);
    }
    state
}

struct View<'world> {
    world: &'world World,
    ids: bool,
}

impl View<'_> {
    fn organisation(&self) -> Value {
        let organisation = &self.world.organisation;
        json!({
            "defects": crate::defect::Defect::ALL.iter()
                .filter(|defect| organisation.has(**defect)).collect::<Vec<_>>(),
            "mobileDeviceManagementAuthority": organisation.authority(),
            "subscriptionState": organisation.subscription_state(),
        })
    }

    fn object(&self, object: &Object, mut shown: Properties) -> Properties {
        shown.retain(|name, _| !FLEETING.contains(&name.as_str()) && !name.ends_with("DateTime"));
        if self.ids {
            shown.insert("id".to_owned(), json!(object.id));
        }
        shown
    }

    /// A group by its name, or by its id where there is no such group, or where ids are wanted.
    fn group(&self, id: &Value) -> Value {
        let groups = &self.world.tenant.groups;
        let known = id.as_str().and_then(|id| id.parse::<Uuid>().ok());
        let known = known.filter(|_| !self.ids).and_then(|id| groups.get(groups.slot(id)?));
        known.and_then(|group| group.properties.get("displayName")).unwrap_or(id).clone()
    }

    fn assignments(&self, assignments: Vec<Value>) -> Value {
        sorted(assignments.into_iter().map(|assignment| {
            let mut target = assignment.get("target").cloned().unwrap_or_default();
            if let Some(group) = target.get_mut("groupId") {
                *group = self.group(group);
            }
            target
        }))
    }

    fn groups(&self) -> Value {
        let groups = &self.world.tenant.groups;
        sorted(groups.iter().map(|(slot, group)| {
            let mut shown = group.properties.clone();
            shown.retain(|name, _| !FLEETING.contains(&name.as_str()));
            if self.ids {
                shown.insert("id".to_owned(), json!(groups.id(slot)));
            }
            let nested = group.nested().map(|nested| self.group(&json!(groups.id(nested))));
            shown.insert("nested".to_owned(), sorted(nested));
            shown.insert("devices".to_owned(), ranges(group.devices_from(0)));
            Value::Object(shown)
        }))
    }

    fn configurations(&self) -> Value {
        sorted(self.world.tenant.configurations.iter().map(|one| {
            let mut shown = self.object(&one.object, one.json(Version::Beta));
            shown.retain(|name, _| !name.ends_with("PauseStartDate"));
            shown.insert("assignments".to_owned(), self.assignments(one.assigned()));
            Value::Object(shown)
        }))
    }

    fn policy(&self, policy: &Policy) -> Value {
        let mut shown = self.object(&policy.object, policy.json());
        let rings = policy.rings.iter().map(|ring| {
            let mut shown = self.object(&ring.object, ring.json());
            for of in ["includedGroupAssignment", "excludedGroupAssignment"] {
                let named = crate::tenant::group_ids(shown.get(of));
                let named = sorted(named.into_iter().map(|id| self.group(&json!(id))));
                shown.insert(of.to_owned(), named);
            }
            Value::Object(shown)
        });
        shown.insert("rings".to_owned(), sorted(rings));
        let approvals = policy.approvals.iter().map(|approval| {
            json!({
                "catalogEntryId": approval.entry,
                "status": approval.written().map(Status::name),
            })
        });
        shown.insert("approvals".to_owned(), sorted(approvals));
        Value::Object(shown)
    }

    /// With the devices of its audience; an audience alone offers nothing.
    fn deployment(&self, deployment: &Deployment) -> Value {
        let audience = self.world.tenant.audiences.iter().find(|one| one.id == deployment.audience);
        json!({
            "catalogEntryId": deployment.entry,
            "requestedValue": deployment.requested.written().name(),
            "settings": deployment.object.properties.get("settings"),
            "members": audience.map(|one| ranges(one.devices(false))),
            "exclusions": audience.map(|one| ranges(one.devices(true))),
        })
    }

    fn enrolments(&self) -> Value {
        let enrolments = &self.world.tenant.enrolments;
        let of = |category: Category| {
            let wanted = enrolments.from(0).filter(|device| enrolments.wants(*device, category));
            (category.name().to_owned(), ranges(wanted))
        };
        Value::Object(Category::ALL.into_iter().map(of).collect::<Map<_, _>>())
    }
}

/// Without moments and ids, however deep.
fn steady(mut value: Value) -> Value {
    if let Some(properties) = value.as_object_mut() {
        properties.retain(|name, _| !FLEETING.contains(&name.as_str()));
    }
    value
}

/// In the order of their JSON.
fn sorted(values: impl Iterator<Item = Value>) -> Value {
    let mut values: Vec<Value> = values.collect();
    values.sort_by_cached_key(Value::to_string);
    Value::from(values)
}

/// Ascending numbers as ranges: a million of them fit on a line.
fn ranges(numbers: impl Iterator<Item = u32>) -> Value {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => ranges.push((number, number)),
        }
    }
    let texts = ranges.into_iter().map(|(first, last)| {
        if first == last { first.to_string() } else { format!("{first}-{last}") }
    });
    Value::from(texts.collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_make_a_range() {
        assert_eq!(ranges([1, 2, 3, 7, 9, 10].into_iter()), json!(["1-3", "7", "9-10"]));
        assert_eq!(ranges(std::iter::empty()), json!([]));
    }
}
