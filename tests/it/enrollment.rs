//! A tenant is enrolled, kept so, and given back as it was.

use std::collections::BTreeSet;

use api_types as api;
use api_types::{EnrollmentState, PhaseName as P};
use serde_json::{Value, json};
use simulator::Defect;

use crate::organisation::{Organisation, Tenant, difference, wish};
use crate::recounts::conflicts;
use crate::stack::{Api, Stack, patient_rings, three_rings};

/// Everything that can be made.
pub(crate) fn everything(set: &api::RingSet) -> Value {
    json!({ "ring_set_id": set.id, "exclude_from_foreign_rings": true,
        "feature": { "version": "Windows 11, version 24H2" },
        "drivers": { "approval": "automatic" }, "edge": { "beta_rings": 1 },
        "office": { "channel": "monthly_enterprise", "deadline_days": 3 } })
}

/// Lists of the state in which objects with names stand.
const LISTS: [&str; 5] = [
    "groups",
    "deviceConfigurations",
    "windowsFeatureUpdateProfiles",
    "windowsDriverUpdateProfiles",
    "configurationPolicies",
];

/// Name and list of every object; that no name is there twice.
pub(crate) fn objects(state: &Value) -> BTreeSet<(&'static str, String)> {
    let mut all = BTreeSet::new();
    for list in LISTS {
        for object in state[list].as_array().unwrap_or_else(|| panic!("no {list} in {state}")) {
            let name = object["displayName"].as_str().or_else(|| object["name"].as_str());
            let name = name.unwrap_or_else(|| panic!("no name: {object}")).to_owned();
            assert!(all.insert((list, name.clone())), "{name} is in {list} twice");
        }
    }
    all
}

fn unchanged(what: &str, before: &Value, after: &Value) {
    let difference = difference(before, after);
    let [one, other] = [before, after].map(Value::to_string);
    assert!(one == other, "{what}:\n{}", difference.join("\n"));
}

/// How many devices a range such as `3-7` has.
pub(crate) fn counted(ranges: &Value) -> u32 {
    let ranges =
        ranges.as_array().expect("ranges").iter().map(|range| range.as_str().expect("text"));
    let number = |text: &str| text.parse::<u32>().expect("a number");
    ranges
        .map(|range| match range.split_once('-') {
            Some((first, last)) => number(last) - number(first) + 1,
            None => 1,
        })
        .sum()
}

fn group<'a>(state: &'a Value, name: &str) -> &'a Value {
    let mut groups = state["groups"].as_array().expect("a list").iter();
    groups.find(|group| group["displayName"] == name).unwrap_or_else(|| panic!("no group {name}"))
}

fn object<'a>(enrollment: &'a api::Enrollment, key: &str) -> &'a api::EnrollmentObject {
    let mut objects = enrollment.objects.iter();
    objects.find(|one| one.key == key).unwrap_or_else(|| panic!("no {key} in {enrollment:#?}"))
}

fn drifted(enrollment: &api::Enrollment) -> Vec<&str> {
    let objects = enrollment.objects.iter().filter(|one| !one.drift.is_empty());
    objects.map(|one| one.key.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_is_enrolled_once_and_given_back_as_it_was() {
    let stack = Stack::new(wish(60, 1.0)).await;
    let organisation = Organisation::of(&stack.simulator);
    organisation.strike(&[Defect::UpdateRingForAllDevices]).await;
    let server = stack.serve().await;
    let api = Api::new(server.address(), server.first_token().expect("a first token"));
    let tenant = Tenant::connect(&stack, api).await;
    let set = tenant.ring_set(&three_rings()).await;
    let before = organisation.state().await;

    // A plan changes nothing, on Graph or here.
    let settings = everything(&set);
    let planned = tenant.enroll(&settings, false).await;
    let plan = planned.plan.clone().expect("a plan");
    assert_eq!(planned.state, EnrollmentState::NotEnrolled);
    assert!(planned.objects.is_empty() && planned.settings.is_none());
    // Four groups, three rings of each of five policies, and one ring of the organisation's.
    assert_eq!(plan.steps.len(), 20, "{:#?}", plan.steps);
    assert!(plan.steps.iter().all(|step| !step.summary.is_empty() && !step.permissions.is_empty()));
    unchanged("a plan", &before, &organisation.state().await);

    let assessed = tenant.assess().await;
    assert!(!assessed.blocks_enrollment, "{assessed:#?}");
    assert_eq!(assessed.level, api::Level::Advisory);
    let enrolled = tenant.enroll(&settings, true).await;
    assert_eq!((enrolled.state, enrolled.error.as_deref()), (EnrollmentState::Enrolled, None));
    assert_eq!(
        (enrolled.objects.len(), enrolled.plan.as_ref().map(|plan| plan.done)),
        (20, Some(20))
    );
    let made = organisation.state().await;
    assert_eq!(objects(&made).len(), objects(&before).len() + 19);
    let set = tenant.placed(set.id).await;
    for (ring, members) in set.rings.iter().zip(&set.members) {
        let group = group(&made, &format!("Concentric - Three - {}", ring.name));
        assert_eq!(counted(&group["devices"]), *members, "{group}");
    }
    let all = group(&made, "Concentric - Three - Devices");
    assert_eq!((counted(&all["devices"]), all["nested"].as_array().map(Vec::len)), (0, Some(3)));
    let text = made["deviceConfigurations"].to_string();
    assert!(text.contains("exclusionGroupAssignmentTarget"), "{text}");

    // What the readiness checks say of the organisation does not change by what is ours.
    let again = tenant.assess().await;
    let changed: Vec<_> = again.changes.iter().filter(|change| change.regressed).collect();
    assert!(changed.is_empty(), "{changed:#?}");

    let once_more = tenant.enroll(&settings, true).await;
    assert_eq!(once_more.plan.map(|plan| plan.done), Some(0));
    unchanged("enrolling again", &made, &organisation.state().await);
    let checked = tenant.check().await;
    assert!(drifted(&checked).is_empty());
    conflicts::check(&tenant, &checked).await;

    let leaving = tenant.unenroll(false).await;
    assert_eq!(leaving.state, EnrollmentState::Enrolled);
    assert_eq!(leaving.plan.map(|plan| plan.steps.len()), Some(20));
    unchanged("a plan of leaving", &made, &organisation.state().await);
    let left = tenant.unenroll(true).await;
    assert_eq!((left.state, left.error.as_deref()), (EnrollmentState::NotEnrolled, None));
    assert!(left.objects.is_empty() && left.settings.is_none(), "{left:#?}");
    unchanged("unenrolled", &before, &organisation.state().await);
    // Whoever comes back finds everything as it was.
    tenant.enroll(&settings, true).await;
    unchanged("enrolled once more", &made, &organisation.state().await);
    tenant.unenroll(true).await;
    unchanged("unenrolled once more", &before, &organisation.state().await);
    server.shutdown().await;
    stack.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_others_change_is_seen_and_restored_when_asked() {
    let stack = Stack::new(wish(60, 1.0)).await;
    let organisation = Organisation::of(&stack.simulator);
    let server = stack.serve().await;
    let api = Api::new(server.address(), server.first_token().expect("a first token"));
    let tenant = Tenant::connect(&stack, api).await;
    let set = tenant.ring_set(&three_rings()).await;
    let before = organisation.state().await;
    tenant.assess().await;
    let enrolled = tenant.enroll(&everything(&set), true).await;
    let made = organisation.state().await;
    let id = |key: &str| object(&enrolled, key).id.clone();

    // Settings, and whom they reach.
    let change = json!({ "qualityUpdatesDeferralPeriodInDays": 21 });
    organisation.change("deviceConfigurations", &id("update-ring/0"), &change).await;
    let everybody = json!([{ "target": {
        "@odata.type": "#microsoft.graph.allDevicesAssignmentTarget" } }]);
    let change = json!({ "assignments": everybody });
    organisation.change("deviceConfigurations", &id("update-ring/2"), &change).await;
    organisation.delete("windowsFeatureUpdateProfiles", &id("feature/1")).await;
    organisation.delete("configurationPolicies", &id("edge/0")).await;
    let checked = tenant.check().await;
    assert_eq!(drifted(&checked), ["edge/0", "feature/1", "update-ring/0", "update-ring/2"]);
    conflicts::check(&tenant, &checked).await;
    let drift = &object(&checked, "update-ring/0").drift;
    let [deferral] = drift.as_slice() else { panic!("{drift:#?}") };
    assert!(deferral.field.is_some() && !deferral.summary.is_empty(), "{deferral:#?}");
    assert!(
        deferral.expected.to_string().contains('0') && deferral.found.to_string().contains("21")
    );
    assert_eq!(object(&checked, "feature/1").drift[0].field, None);

    // Enrolling again leaves alone what others did; one may be restored, and then all.
    let apart = tenant.enroll(&everything(&set), true).await;
    assert!(!apart.plan.expect("a plan").skipped.is_empty());
    let checked = tenant.check().await;
    assert_eq!(drifted(&checked), ["edge/0", "feature/1", "update-ring/0", "update-ring/2"]);
    tenant.restore(Some(&["update-ring/0"])).await;
    let checked = tenant.check().await;
    assert_eq!(drifted(&checked), ["edge/0", "feature/1", "update-ring/2"]);
    tenant.restore(None).await;
    unchanged("restored", &made, &organisation.state().await);
    assert!(drifted(&tenant.check().await).is_empty());

    // Without being asked, where the settings say so.
    let mut settings = everything(&set);
    settings["restore_drift"] = json!(true);
    tenant.enroll(&settings, true).await;
    let change = json!({ "qualityUpdatesDeferralPeriodInDays": 21 });
    organisation.change("deviceConfigurations", &id("update-ring/0"), &change).await;
    tenant.check().await;
    crate::organisation::eventually("it is restored by itself", async || {
        (organisation.state().await == made).then_some(())
    })
    .await;
    tenant.unenroll(true).await;
    unchanged("unenrolled", &before, &organisation.state().await);
    server.shutdown().await;
    stack.end().await;
}

/// A group that others deleted comes back with its members, and what targeted it does so again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_that_others_deleted_comes_back_with_its_members() {
    let stack = Stack::new(wish(60, 1.0)).await;
    let organisation = Organisation::of(&stack.simulator);
    let server = stack.serve().await;
    let api = Api::new(server.address(), server.first_token().expect("a first token"));
    let tenant = Tenant::connect(&stack, api).await;
    let set = tenant.ring_set(&three_rings()).await;
    tenant.assess().await;
    let enrolled = tenant.enroll(&everything(&set), true).await;
    let made = organisation.state().await;
    organisation.delete_group(&object(&enrolled, "group/1").id).await;
    let checked = tenant.check().await;
    assert_eq!(object(&checked, "group/1").drift[0].field, None, "{checked:#?}");
    tenant.restore(None).await;
    unchanged("a group restored", &made, &organisation.state().await);
    server.shutdown().await;
    stack.end().await;
}

/// An update ring of the organisation that comes and goes while the tenant is enrolled.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rings_of_the_organisation_get_back_what_they_had() {
    let stack = Stack::new(wish(30, 1.0)).await;
    let organisation = Organisation::of(&stack.simulator);
    let server = stack.serve().await;
    let api = Api::new(server.address(), server.first_token().expect("a first token"));
    let tenant = Tenant::connect(&stack, api).await;
    let set = tenant.ring_set(&three_rings()).await;
    tenant.assess().await;
    let settings = json!({ "ring_set_id": set.id, "exclude_from_foreign_rings": true });
    tenant.enroll(&settings, true).await;
    let kiosks = organisation.group("Kiosks", &[3, 4], &[]).await;
    let ring = json!({ "displayName": "Theirs", "qualityUpdatesDeferralPeriodInDays": 3,
        "@odata.type": "#microsoft.graph.windowsUpdateForBusinessConfiguration",
        "assignments": [
            { "target": { "@odata.type": "#microsoft.graph.allDevicesAssignmentTarget" } },
            { "target": { "@odata.type": "#microsoft.graph.exclusionGroupAssignmentTarget",
                "groupId": kiosks } }] });
    let theirs = organisation.make("deviceConfigurations", &ring).await;
    let made = organisation.state().await;
    let enrolled = tenant.enroll(&settings, true).await;
    let exclusion = format!("exclusion/{theirs}");
    assert_eq!(object(&enrolled, &exclusion).kind, "update_ring");
    let excluded = organisation.state().await;
    let new = difference(&made, &excluded);
    assert!(new.iter().all(|line| line.starts_with("/deviceConfigurations")), "{new:#?}");
    assert!(new.iter().any(|line| line.contains("Concentric - Three - Devices")), "{new:#?}");
    // Others take it away: that is seen, and leaving is no worse for it.
    organisation
        .change("deviceConfigurations", &theirs, &json!({ "assignments": ring["assignments"] }))
        .await;
    assert_eq!(drifted(&tenant.check().await), [exclusion.as_str()]);
    tenant.restore(None).await;
    unchanged("excluded again", &excluded, &organisation.state().await);
    let left = tenant.unenroll(true).await;
    assert_eq!(left.state, EnrollmentState::NotEnrolled);
    let after = organisation.state().await;
    let ours =
        |state: &Value| objects(state).iter().filter(|(_, name)| name.starts_with("Conc")).count();
    assert_eq!(ours(&after), 0);
    let theirs = |state: &Value| {
        let mut all = state["deviceConfigurations"].as_array().expect("a list").iter();
        all.find(|one| one["displayName"] == "Theirs").expect("it stays").clone()
    };
    assert_eq!(theirs(&after), theirs(&made));
    server.shutdown().await;
    stack.end().await;
}

/// With a rollout in between, which leaves nothing either.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_left_of_a_rollout_when_the_tenant_is_unenrolled() {
    let stack = Stack::new(wish(60, 40_000.0)).await;
    let organisation = Organisation::of(&stack.simulator);
    organisation.strike(&[Defect::UpdateRingForAllDevices]).await;
    let server = stack.serve().await;
    let api = Api::new(server.address(), server.first_token().expect("a first token"));
    let tenant = Tenant::connect(&stack, api).await;
    let before = organisation.state().await;
    let set = tenant.ring_set(&patient_rings()).await;
    tenant.assess().await;
    tenant.enroll(&everything(&set), true).await;
    let started = tenant.api.roll_out(&tenant.at, set.id, "pause").await;
    let rollout = tenant.api.until(&started, &[P::Completed, P::Paused]).await;
    assert_eq!(rollout.phase.name, P::Completed, "{rollout:#?}");
    assert!(!difference(&before, &organisation.state().await).is_empty());
    let left = tenant.unenroll(true).await;
    assert_eq!((left.state, left.error.as_deref()), (EnrollmentState::NotEnrolled, None));
    unchanged("unenrolled", &before, &organisation.state().await);
    // The server goes on for a while, and makes nothing again.
    tenant.sync().await;
    unchanged("and later", &before, &organisation.state().await);
    server.shutdown().await;
    stack.end().await;
}
