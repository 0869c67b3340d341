//! Policies of an enrollment, each kind through the same life: made, found again, read, changed,
//! assigned, deleted.

use std::sync::{Arc, Mutex};

use domain::app::{AppVersion, Course, EdgePin, OfficePin};
use domain::enrollment::object::{
    DriversPayload, EdgePayload, FeaturePayload, OfficePayload, UpdateRingPayload,
};
use domain::enrollment::settings::OfficeChannel;
use domain::ids::DirectoryObjectId;
use msgraph::{GraphError, Policy, PolicySpec, WireTarget};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::fake::{Fake, Reply, Seen, empty, refusal, reply};

const TAG: &str = "concentric:t/enrollment/some/0";
const DESCRIPTION: &str = "Made by Concentric. concentric:t/enrollment/some/0";

fn group(number: u128) -> DirectoryObjectId {
    DirectoryObjectId(Uuid::from_u128(number))
}

fn update_ring() -> UpdateRingPayload {
    UpdateRingPayload {
        quality_deferral_days: 6,
        quality_deadline_days: Some(2),
        feature_deferral_days: 0,
        feature_deadline_days: Some(5),
        grace_days: None,
        feature_rollback_days: Some(30),
        drivers_excluded: false,
        postpone_reboot_until_after_deadline: false,
        microsoft_update_allowed: true,
    }
}

/// One collection of policies with what real ones have: other kinds, unknown properties, pages of
/// one, assignments that only come when asked for.
#[derive(Default)]
struct Shelf {
    policies: Vec<Value>,
    /// Of creates; the policy is made all the same.
    lost_answers: usize,
}

impl Shelf {
    fn answer(&mut self, seen: &Seen) -> Reply {
        let parts: Vec<&str> = seen.path.trim_start_matches('/').split('/').skip(3).collect();
        match (seen.method.as_str(), parts.as_slice()) {
            ("GET", []) => self.page(seen),
            ("POST", []) => self.create(seen),
            ("POST", [id, "assign"]) => {
                self.policy(id)["assignments"] = seen.json()["assignments"].clone();
                empty(204)
            }
            ("PATCH", [id]) => {
                let body = seen.json();
                let policy = self.policy(id);
                for (name, value) in body.as_object().unwrap() {
                    policy[name] = value.clone();
                }
                reply(200, policy)
            }
            ("DELETE", [id]) => {
                let before = self.policies.len();
                self.policies.retain(|policy| policy["id"] != *id);
                let gone = || refusal(404, "ResourceNotFound", "gone");
                if self.policies.len() < before { empty(204) } else { gone() }
            }
            other => panic!("{other:?}"),
        }
    }

    fn policy(&mut self, id: &str) -> &mut Value {
        self.policies.iter_mut().find(|policy| policy["id"] == *id).unwrap()
    }

    fn page(&self, seen: &Seen) -> Reply {
        let skip: usize = match seen.query.split_once("$skiptoken=") {
            Some((_, number)) => number.parse().unwrap(),
            None => 0,
        };
        let items: Vec<Value> = self
            .policies
            .iter()
            .skip(skip)
            .take(1)
            .cloned()
            .map(|mut policy| {
                // These take a request of their own.
                policy
                    .as_object_mut()
                    .unwrap()
                    .retain(|name, _| name != "settings" && name != "assignments");
                policy
            })
            .collect();
        let mut page = json!({ "value": items });
        if skip + 1 < self.policies.len() {
            let link = format!("http://{}{}?$skiptoken={}", seen.host, seen.path, skip + 1);
            page["@odata.nextLink"] = json!(link);
        }
        reply(200, &page)
    }

    fn create(&mut self, seen: &Seen) -> Reply {
        let mut policy = seen.json();
        let number = self.policies.len();
        policy["id"] = json!(format!("p{number}"));
        policy["createdDateTime"] = json!(format!("2026-01-0{}T00:00:00Z", number + 1));
        policy["somethingNew"] = json!({ "since": 2027 });
        self.policies.push(policy.clone());
        if self.lost_answers > 0 {
            self.lost_answers -= 1;
            return refusal(504, "GatewayTimeout", "");
        }
        reply(201, &policy)
    }

    fn batch(&self, seen: &Seen) -> Reply {
        let requests = seen.json()["requests"].clone();
        let responses: Vec<Value> = requests
            .as_array()
            .unwrap()
            .iter()
            .map(|request| {
                let url = request["url"].as_str().unwrap();
                let (rest, what) = url.rsplit_once('/').unwrap();
                let id = rest.rsplit('/').next().unwrap();
                let found = self.policies.iter().find(|policy| policy["id"] == id).unwrap();
                let items = found.get(what).cloned().unwrap_or_else(|| json!([]));
                json!({"id": request["id"], "status": 200, "body": {"value": items}})
            })
            .collect();
        reply(200, &json!({ "responses": responses }))
    }
}

async fn shelf(policies: Vec<Value>, lost_answers: usize) -> (Fake, Arc<Mutex<Shelf>>) {
    let shelf = Arc::new(Mutex::new(Shelf { policies, lost_answers }));
    let shared = Arc::clone(&shelf);
    let fake = Fake::start(move |seen| {
        let mut shelf = shared.lock().unwrap();
        if seen.path.ends_with("/$batch") { shelf.batch(seen) } else { shelf.answer(seen) }
    })
    .await;
    (fake, shelf)
}

/// How Graph lets settings be changed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Changed {
    InPlace,
    /// By a new policy, which its caller assigns.
    Replaced,
}

/// The whole life of one kind; returns the body that made it.
async fn life<P: Policy + std::fmt::Debug>(old: P, new: P, changed: Changed) -> Value {
    let stranger = json!({"id": "s", "@odata.type": "#microsoft.graph.iosCustomConfiguration",
        "displayName": "Not ours", "name": "Not ours", "description": null});
    let (fake, shelf) = shelf(vec![stranger], 1).await;
    let client = fake.client();
    let spec = |settings| PolicySpec { name: "A", description: DESCRIPTION, tag: TAG, settings };
    // Its answer is lost, and still there is one.
    let id = client.create_policy(spec(&old)).await.unwrap();
    assert_eq!(client.create_policy(spec(&old)).await.unwrap(), id);
    assert_eq!(shelf.lock().unwrap().policies.len(), 2);
    let body = fake.calls().iter().find(|call| call.method == "POST").unwrap().json();

    let all = [
        WireTarget::Group(group(1)),
        WireTarget::ExcludedGroup(group(2)),
        WireTarget::AllDevices,
        WireTarget::AllUsers,
    ];
    client.assign_policy::<P>(&id, &all).await.unwrap();
    shelf.lock().unwrap().policy(&id)["assignments"].as_array_mut().unwrap().push(json!(
        {"target": {"@odata.type": "microsoft.graph.configurationManagerCollectionAssignmentTarget",
            "collectionId": "c"}}
    ));
    let read = client.policies::<P>(Some("concentric:t/")).await.unwrap();
    assert_eq!(read.len(), 1);
    let remote = &read[0];
    assert_eq!((remote.name.as_str(), remote.description.as_str()), ("A", DESCRIPTION));
    assert_eq!((&remote.settings, remote.created_at.is_some()), (&old, true));
    assert_eq!(remote.targets[..4], all);
    let WireTarget::Other(kind) = &remote.targets[4] else { panic!("{:?}", remote.targets) };
    assert_eq!(kind, "microsoft.graph.configurationManagerCollectionAssignmentTarget");
    let refused = client.assign_policy::<P>(&id, &remote.targets).await.unwrap_err();
    assert!(matches!(refused, GraphError::Configuration { .. }), "{refused}");

    // Found by its tag, it is made what it should be.
    let found = client.create_policy(spec(&new)).await.unwrap();
    assert_eq!(found == id, changed == Changed::InPlace);
    let read = client.policies::<P>(Some(TAG)).await.unwrap();
    let targets = if changed == Changed::InPlace { 5 } else { 0 };
    assert_eq!(read.len(), 1, "of two with one tag the old one goes");
    assert_eq!((&read[0].settings, read[0].targets.len()), (&new, targets));
    let id = found;
    client.delete_policy::<P>(&id).await.unwrap();
    client.delete_policy::<P>(&id).await.unwrap();
    assert_eq!(shelf.lock().unwrap().policies.len(), 1);
    body
}

#[tokio::test]
async fn update_rings_live() {
    let new = UpdateRingPayload { quality_deadline_days: None, ..update_ring() };
    let body = life(update_ring(), new, Changed::InPlace).await;
    assert_eq!(body["@odata.type"], "#microsoft.graph.windowsUpdateForBusinessConfiguration");
    assert_eq!(body["qualityUpdatesDeferralPeriodInDays"], 6);
    assert_eq!(body["deadlineGracePeriodInDays"], Value::Null);
}

#[tokio::test]
async fn feature_profiles_live() {
    let version =
        |number: &str| FeaturePayload { version: format!("Windows 11, version {number}") };
    let body = life(version("24H2"), version("25H2"), Changed::InPlace).await;
    assert_eq!(body["featureUpdateVersion"], "Windows 11, version 24H2");
}

#[tokio::test]
async fn pins_live() {
    let version = Some(AppVersion([131, 0, 2903, 86]));
    let edge = |course| EdgePin { version, course };
    let body = life(edge(Course::Forward), edge(Course::Still), Changed::Replaced).await;
    let said = body["settings"].to_string();
    assert!(said.contains("131.0.2903.86") && !said.contains("updatepolicy"), "{said}");
    life(edge(Course::Still), edge(Course::Back), Changed::Replaced).await;
    let office = |still| OfficePin { version, still, deadline_days: Some(7) };
    let body = life(office(false), office(true), Changed::Replaced).await;
    assert!(!body["settings"].to_string().contains("enableautomaticupdates"), "{body}");
}

/// Cut off between the new policy and the old one's end, both are there.
#[tokio::test]
async fn what_a_replacement_left_behind_is_deleted() {
    let (fake, shelf) = shelf(Vec::new(), 0).await;
    let client = fake.client();
    let pin = |course| EdgePin { version: Some(AppVersion([131, 0, 2903, 86])), course };
    let spec = |settings| PolicySpec { name: "A", description: DESCRIPTION, tag: TAG, settings };
    let (old, new) = (pin(Course::Forward), pin(Course::Still));
    let targets = [WireTarget::Group(group(1)), WireTarget::ExcludedGroup(group(2))];
    let first = client.ensure_policy(spec(&old), &targets).await.unwrap();
    let before = shelf.lock().unwrap().policy(&first).clone();
    let second = client.ensure_policy(spec(&new), &targets).await.unwrap();
    assert_ne!(first, second);
    shelf.lock().unwrap().policies.push(before);
    assert_eq!(client.ensure_policy(spec(&new), &targets).await.unwrap(), second);
    let left = client.policies::<EdgePin>(Some(TAG)).await.unwrap();
    assert_eq!(left.len(), 1, "{left:?}");
    assert_eq!((&left[0].settings, left[0].targets.as_slice()), (&new, targets.as_slice()));
    // Nothing is written where all is as it should be, in whatever order Graph tells the targets.
    let is_write = |call: &&Seen| call.method != "GET" && !call.path.ends_with("$batch");
    let writes = || fake.calls().iter().filter(is_write).count();
    let done = writes();
    let turned = [targets[1].clone(), targets[0].clone()];
    client.ensure_policy(spec(&new), &turned).await.unwrap();
    assert_eq!(writes(), done);
}

#[tokio::test]
async fn driver_profiles_live() {
    let automatic = DriversPayload { automatic: true, deferral_days: Some(9) };
    let body =
        life(automatic, DriversPayload { automatic: false, deferral_days: None }, Changed::InPlace)
            .await;
    assert_eq!(
        (&body["approvalType"], &body["deploymentDeferralInDays"]),
        (&json!("automatic"), &json!(9))
    );
}

#[tokio::test]
async fn edge_policies_live() {
    let body = life(
        EdgePayload { beta: Some(true) },
        EdgePayload { beta: Some(false) },
        Changed::Replaced,
    )
    .await;
    assert_eq!((&body["name"], &body["platforms"]), (&json!("A"), &json!("windows10")));
    let instance = &body["settings"][0]["settingInstance"];
    let id = "device_vendor_msft_policy_config_updatev95~policy~cat_edgeupdate~cat_applications\
              ~cat_microsoftedge_pol_targetchannelmicrosoftedge";
    assert_eq!(instance["settingDefinitionId"], id);
    let choice = &instance["choiceSettingValue"];
    assert_eq!(choice["value"], format!("{id}_1"));
    let channel = &choice["children"][0]["choiceSettingValue"]["value"];
    assert_eq!(channel, &json!(format!("{id}_part_targetchannel_beta")));
}

#[tokio::test]
async fn office_policies_live() {
    let office = |channel, delay_days| OfficePayload {
        channel: Some(channel),
        delay_days,
        deadline_days: Some(7),
    };
    let old = office(OfficeChannel::MonthlyEnterprise, 3);
    let body = life(old, office(OfficeChannel::SemiAnnual, 0), Changed::Replaced).await;
    assert_eq!(body["settings"].as_array().unwrap().len(), 3);
    let text = body.to_string();
    assert!(text.contains("l_updatebranch_l_updatebranchid_monthlyenterprise"), "{text}");
    let deadline = &body["settings"][1]["settingInstance"]["choiceSettingValue"]["children"][0];
    assert_eq!(deadline["simpleSettingValue"]["value"], "7");
}

#[test]
fn settings_of_others_are_not_taken_for_ours() {
    let hollow = json!({"settings": [{"settingInstance": {"settingDefinitionId": "x"}}, {}]});
    let hollow = hollow.as_object().unwrap();
    assert_eq!(EdgePayload::decode(hollow), EdgePayload { beta: None });
    let none = OfficePayload { channel: None, delay_days: 0, deadline_days: None };
    assert_eq!(OfficePayload::decode(hollow), none);
    let mut odd = OfficePayload { deadline_days: Some(7), ..none }.encode();
    let value = &mut odd["settings"][0]["settingInstance"]["choiceSettingValue"];
    value["children"][0]["simpleSettingValue"]["value"] = json!("next Tuesday");
    assert_eq!(OfficePayload::decode(&odd).deadline_days, None);
    let far = json!({"featureUpdatesDeferralPeriodInDays": 365, "driversExcluded": null});
    let far = UpdateRingPayload::decode(far.as_object().unwrap());
    assert_eq!((far.feature_deferral_days, far.drivers_excluded), (u8::MAX, false));
}

#[tokio::test]
async fn an_exclusion_leaves_the_other_targets_as_they_are() {
    let filtered = json!({"@odata.type": "#microsoft.graph.allDevicesAssignmentTarget",
        "deviceAndAppManagementAssignmentFilterId": "f",
        "deviceAndAppManagementAssignmentFilterType": "exclude"});
    let odd = json!({"@odata.type": "#microsoft.graph.somethingNew", "tenth": 10});
    let assignments = json!([{"id": "1", "target": filtered}, {"id": "2", "target": odd}]);
    let current = Arc::new(Mutex::new(assignments));
    let shared = Arc::clone(&current);
    let fake = Fake::start(move |seen| {
        let mut current = shared.lock().unwrap();
        match (seen.method.as_str(), seen.path.as_str()) {
            (_, path) if path.contains("/gone/") => refusal(404, "ResourceNotFound", "gone"),
            ("GET", _) => reply(200, &json!({"value": *current})),
            _ => {
                *current = seen.json()["assignments"].clone();
                reply(200, &json!({"value": *current}))
            }
        }
    })
    .await;
    let client = fake.client();
    client.exclude_from_update_ring("u", group(9)).await.unwrap();
    client.exclude_from_update_ring("u", group(9)).await.unwrap();
    let assign = "/beta/deviceManagement/deviceConfigurations/u/assign";
    assert_eq!(fake.count("POST", assign), 1);
    let targets = |current: &Value| -> Vec<Value> {
        current.as_array().unwrap().iter().map(|one| one["target"].clone()).collect()
    };
    let now = targets(&current.lock().unwrap());
    assert_eq!((&now[0], &now[1], now.len()), (&filtered, &odd, 3));
    assert_eq!(now[2]["groupId"], group(9).to_string());

    client.readmit_to_update_ring("u", group(9)).await.unwrap();
    client.readmit_to_update_ring("u", group(9)).await.unwrap();
    assert_eq!(fake.count("POST", assign), 2);
    assert_eq!(targets(&current.lock().unwrap()), [filtered, odd]);
    client.readmit_to_update_ring("gone", group(9)).await.unwrap();
    client.exclude_from_update_ring("gone", group(9)).await.unwrap_err();
}

#[tokio::test]
async fn what_comes_with_the_list_is_not_asked_for_again() {
    let fake = Fake::start(|_| {
        let assignments = json!([{"target":
            {"@odata.type": "#microsoft.graph.allLicensedUsersAssignmentTarget"}}]);
        let ring = json!({"id": "u", "displayName": "Theirs", "assignments": assignments,
            "@odata.type": "#microsoft.graph.windowsUpdateForBusinessConfiguration"});
        reply(200, &json!({ "value": [ring] }))
    })
    .await;
    let rings = fake.client().update_rings().await.unwrap();
    assert_eq!(
        (rings[0].name.as_str(), &rings[0].targets[..]),
        ("Theirs", &[WireTarget::AllUsers][..])
    );
    let calls = fake.calls();
    assert_eq!((calls.len(), calls[0].query.as_str()), (1, "$expand=assignments"));
}
