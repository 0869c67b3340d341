//! Delta queries: all once, then what changed, and the end of a token.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use simulator::Config;

use crate::tenant::Tenant;

/// Drains a round: its items, its pages, and the link to the next round.
pub(crate) async fn drain(tenant: &Tenant, path: &str) -> (Vec<Value>, usize, String) {
    let (mut items, mut next, mut pages) = (Vec::new(), path.to_owned(), 0);
    loop {
        let (status, body) = tenant.call("GET", &next, None).await;
        assert_eq!(status, 200, "{body}");
        pages += 1;
        items.extend(body["value"].as_array().unwrap().iter().cloned());
        match (body["@odata.nextLink"].as_str(), body["@odata.deltaLink"].as_str()) {
            (Some(link), None) => link.clone_into(&mut next),
            (None, Some(link)) => return (items, pages, link.to_owned()),
            both => panic!("one link of the two is due: {both:?}"),
        }
    }
}

/// Members of a group that the items tell of: those there, and those gone.
pub(crate) fn members(items: &[Value], group: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut there, mut gone) = (BTreeSet::new(), BTreeSet::new());
    let of_group = items.iter().filter(|item| item["id"] == group);
    for member in of_group.flat_map(|item| item["members@delta"].as_array().into_iter().flatten()) {
        let id = member["id"].as_str().unwrap().to_owned();
        if member.get("@removed").is_some() {
            gone.insert(id)
        } else {
            there.insert(id)
        };
    }
    (there, gone)
}

#[tokio::test]
async fn a_round_of_groups_tells_only_what_changed_since() {
    let tenant = Tenant::of(Config { devices: 450, ..Config::default() }).await;
    let devices = tenant.ids("/v1.0/devices?$select=id", "id").await;
    let group = tenant.group(&devices[..410]).await;
    let path = "/v1.0/groups/delta?$select=displayName,members";
    let (items, pages, link) = drain(&tenant, path).await;
    assert!(pages >= 3, "410 members do not fit on {pages} pages");
    assert_eq!(members(&items, &group).0, devices[..410].iter().cloned().collect());
    let groups: BTreeSet<String> =
        items.iter().map(|item| item["displayName"].to_string()).collect();
    assert_eq!(groups.len(), 3, "{groups:?}");
    let (items, _, link) = drain(&tenant, &link).await;
    assert_eq!(items, Vec::<Value>::new(), "nothing happened");

    assert_eq!(tenant.add_members(&group, &devices[410..412]).await, 204);
    let path = format!("/v1.0/groups/{group}/members/{}/$ref", devices[0]);
    assert_eq!(tenant.call("DELETE", &path, None).await.0, 204);
    let (items, _, link) = drain(&tenant, &link).await;
    assert_eq!(items.len(), 1);
    let (there, gone) = members(&items, &group);
    assert_eq!(there, devices[410..412].iter().cloned().collect());
    assert_eq!(gone, devices[..1].iter().cloned().collect());
    assert!(items[0].get("displayName").is_none(), "the group itself did not change");

    let path = format!("/v1.0/groups/{group}");
    let renamed = json!({ "displayName": "Renamed" });
    assert_eq!(tenant.call("PATCH", &path, Some(renamed)).await.0, 204);
    let (items, _, link) = drain(&tenant, &link).await;
    assert_eq!((items.len(), &items[0]["displayName"]), (1, &json!("Renamed")));
    assert_eq!(tenant.call("DELETE", &path, None).await.0, 204);
    let (items, _, _) = drain(&tenant, &link).await;
    assert_eq!(items, [json!({ "id": group, "@removed": { "reason": "deleted" } })]);
}

#[tokio::test]
async fn a_delta_may_begin_with_the_present_and_look_at_single_objects() {
    let tenant = Tenant::start(1.0).await;
    let (items, _, link) = drain(&tenant, "/v1.0/groups/delta()?$deltatoken=latest").await;
    assert_eq!(items, Vec::<Value>::new());
    let (one, other) = (tenant.group(&[]).await, tenant.group(&[]).await);
    let (items, _, _) = drain(&tenant, &link).await;
    let ids: Vec<&Value> = items.iter().map(|item| &item["id"]).collect();
    assert_eq!(ids, [&json!(one), &json!(other)]);
    let path = format!("/v1.0/groups/delta?$filter=id eq '{other}'");
    let (items, _, _) = drain(&tenant, &path).await;
    assert_eq!(items.len(), 1);
    for refused in ["$top=5", "$expand=members", "$deltatoken=nonsense"] {
        let path = format!("/v1.0/groups/delta?{refused}");
        assert_eq!(tenant.call("GET", &path, None).await.0, 400, "{refused}");
    }
}

#[tokio::test]
async fn a_round_of_devices_tells_whose_windows_version_changed() {
    let tenant = Tenant::start(100_000.0).await;
    let (items, pages, link) =
        drain(&tenant, "/v1.0/devices/delta?$select=deviceId,operatingSystemVersion").await;
    assert_eq!((items.len(), pages), (250, 2));
    let before: BTreeSet<String> =
        items.iter().map(|item| item["operatingSystemVersion"].to_string()).collect();
    tenant.roll_out().await;
    tenant.until(&["installed"], 50).await;
    // Two reports at the least are on their way to the directory within half a simulated day.
    tokio::time::sleep(Duration::from_millis(400)).await;
    let (items, _, _) = drain(&tenant, &link).await;
    assert!(items.len() >= 2, "{}", items.len());
    for item in &items {
        assert!(!before.contains(&item["operatingSystemVersion"].to_string()), "{item}");
    }
}

#[tokio::test]
async fn a_token_that_is_too_old_begins_again() {
    // Seven days pass in three tenths of a second.
    let tenant = Tenant::start(2_000_000.0).await;
    for collection in ["groups", "devices"] {
        let path = format!("/v1.0/{collection}/delta?$deltatoken=latest&$select=displayName");
        let (_, _, link) = drain(&tenant, &path).await;
        tokio::time::sleep(Duration::from_millis(400)).await;
        let answer = tenant.http.get(link).bearer_auth(&tenant.token).send().await.unwrap();
        assert_eq!(answer.status(), 410);
        let again = answer.headers()["location"].to_str().unwrap().to_owned();
        assert!(!drain(&tenant, &again).await.0.is_empty(), "{again}");
    }
}
