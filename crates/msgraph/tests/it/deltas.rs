//! Changes of groups and devices: links followed, kept, expired, and never trusted blindly.
//!
//! The same change may come twice.

use domain::ids::DirectoryObjectId;
use msgraph::{
    ChangedDevice, DeltaLink, DeviceChange, GROUPS_PER_DELTA, GraphError, GroupChange, TrustType,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::fake::{Fake, Reply, Seen, empty, refusal, reply};

fn id(n: u128) -> DirectoryObjectId {
    DirectoryObjectId(Uuid::from_u128(n))
}

fn member(kind: &str, n: u128) -> Value {
    json!({"@odata.type": format!("#microsoft.graph.{kind}"), "id": Uuid::from_u128(n)})
}

fn gone(kind: &str, n: u128) -> Value {
    let mut member = member(kind, n);
    member["@removed"] = json!({"reason": "deleted"});
    member
}

fn group(n: u128, members: &[Value]) -> Value {
    json!({"id": Uuid::from_u128(n), "displayName": "Ring", "members@delta": members})
}

/// A page that goes on at `?token`, or ends with it.
fn page(seen: &Seen, items: &[Value], link: &str, token: &str) -> Reply {
    let to = format!("http://{}{}?{token}", seen.host, seen.path);
    reply(200, &json!({"value": items, link: to}))
}

const NEXT: &str = "@odata.nextLink";
const DELTA: &str = "@odata.deltaLink";

#[tokio::test]
async fn a_first_round_tells_all_members_and_later_ones_the_changes() {
    let fake = Fake::start(|seen| match seen.query.as_str() {
        "$skiptoken=2" => page(seen, &[], NEXT, "$skiptoken=3"),
        // The group once more, with other members and one of the first page again.
        "$skiptoken=3" => {
            let more = [member("device", 12), member("device", 11), member("group", 20)];
            page(seen, &[group(1, &more)], DELTA, "$deltatoken=4")
        }
        "$deltatoken=4" => {
            let changes = [gone("device", 11), member("device", 13), gone("user", 30)];
            let deleted = json!({"id": Uuid::from_u128(2), "@removed": {"reason": "changed"}});
            page(seen, &[group(1, &changes), deleted], DELTA, "$deltatoken=5")
        }
        _ => {
            let first = [member("device", 11), member("user", 30)];
            page(seen, &[group(1, &first), group(2, &[])], NEXT, "$skiptoken=2")
        }
    })
    .await;
    let client = fake.client();
    let all = client.group_delta(&[id(1), id(2)], None).await.unwrap();
    let change = |n, deleted, added: &[u128], groups: &[u128], removed: &[u128]| GroupChange {
        group: id(n),
        deleted,
        display_name: (!deleted).then(|| "Ring".to_owned()),
        added_devices: added.iter().copied().map(id).collect(),
        added_groups: groups.iter().copied().map(id).collect(),
        removed: removed.iter().copied().map(id).collect(),
    };
    let expected = [change(1, false, &[11, 12], &[20], &[]), change(2, false, &[], &[], &[])];
    assert_eq!(all.changes, expected);
    let call = &fake.calls()[0];
    assert_eq!(call.path, "/v1.0/groups/delta");
    let query = format!(
        "$select=id,displayName,members&$filter=id%20eq%20%27{}%27%20or%20id%20eq%20%27{}%27",
        id(1),
        id(2)
    );
    assert_eq!(call.query, query);
    // As it is kept in between.
    let kept = serde_json::to_string(&all.link).unwrap();
    assert_eq!(kept, format!("{:?}", all.link.as_str()));
    let link: DeltaLink = serde_json::from_str(&kept).unwrap();
    let changes = client.group_delta(&[id(1), id(2)], Some(&link)).await.unwrap();
    let expected = [change(1, false, &[13], &[], &[11, 30]), change(2, true, &[], &[], &[])];
    assert_eq!(changes.changes, expected);
    assert!(changes.link.as_str().ends_with("?$deltatoken=5"));
}

#[tokio::test]
async fn the_last_word_on_a_member_or_a_group_counts() {
    let fake = Fake::start(|seen| {
        let removed = json!({"id": Uuid::from_u128(1), "@removed": {"reason": "changed"}});
        let items = [
            group(1, &[member("device", 11), gone("device", 12)]),
            removed,
            group(1, &[gone("device", 11), member("device", 12)]),
        ];
        page(seen, &items, DELTA, "$deltatoken=1")
    })
    .await;
    let delta = fake.client().group_delta(&[id(1)], None).await.unwrap();
    let change = &delta.changes[0];
    assert!(!change.deleted);
    assert_eq!((&change.added_devices[..], &change.removed[..]), (&[id(12)][..], &[id(11)][..]));
}

#[tokio::test]
async fn only_so_many_groups_go_into_one_query_and_never_all() {
    let fake = Fake::start(|seen| page(seen, &[], DELTA, "$deltatoken=1")).await;
    let client = fake.client();
    let ids: Vec<DirectoryObjectId> = (0..).map(id).take(GROUPS_PER_DELTA + 1).collect();
    for wrong in [&ids[..], &[]] {
        let error = client.group_delta(wrong, None).await.unwrap_err();
        assert!(matches!(error, GraphError::Rejected { status: 400, .. }));
    }
    assert!(fake.calls().is_empty());
    client.group_delta(&ids[1..], None).await.unwrap();
}

#[tokio::test]
async fn an_expired_link_says_so() {
    let fake = Fake::start(|seen| match seen.query.as_str() {
        "$deltatoken=410" => empty(410).header("Location", "http://127.0.0.1/v1.0/groups/delta"),
        "$deltatoken=400" => refusal(400, "syncStateNotFound", "The delta token is expired"),
        "$deltatoken=bad" => refusal(400, "Request_BadRequest", "odd"),
        _ => refusal(404, "Request_ResourceNotFound", "odd"),
    })
    .await;
    let client = fake.client();
    let read = async |token: &str| {
        let link = format!("{}v1.0/groups/delta?{token}", fake.url);
        client.group_delta(&[id(1)], Some(&link.into())).await.unwrap_err()
    };
    let expired = GraphError::StartOver { path: "/v1.0/groups/delta".to_owned() };
    assert_eq!(read("$deltatoken=410").await, expired);
    assert_eq!(read("$deltatoken=400").await, expired);
    assert!(!expired.is_transient() && !expired.is_configuration());
    assert!(matches!(read("$deltatoken=bad").await, GraphError::Rejected { .. }));
    // Without a link there is nothing to start over from.
    let error = client.group_delta(&[id(1)], None).await.unwrap_err();
    assert!(matches!(error, GraphError::NotFound { .. }));
}

#[tokio::test]
async fn a_link_of_another_graph_or_collection_is_not_followed() {
    let other = Fake::start(|_| empty(500)).await;
    let fake = Fake::start(|_| empty(500)).await;
    let client = fake.client();
    let links = [
        format!("{}v1.0/groups/delta?$deltatoken=1", other.url),
        format!("{}v1.0/devices/delta?$deltatoken=1", fake.url),
        "garbage".to_owned(),
    ];
    for link in links {
        let error = client.group_delta(&[id(1)], Some(&link.into())).await.unwrap_err();
        assert!(matches!(error, GraphError::StartOver { .. }), "{error:?}");
    }
    assert!(other.calls().is_empty() && fake.calls().is_empty());
}

#[tokio::test]
async fn changes_that_lead_nowhere_or_elsewhere_are_errors() {
    let other = Fake::start(|_| empty(500)).await;
    let link = other.url.join("/v1.0/groups/delta?$skiptoken=1").unwrap().to_string();
    let fake = Fake::start(move |seen| match seen.nth {
        0 => reply(200, &json!({"value": []})),
        1 => page(seen, &[], NEXT, &seen.query),
        _ => reply(200, &json!({"value": [], NEXT: link})),
    })
    .await;
    for _ in 0..3 {
        let error = fake.client().group_delta(&[id(1)], None).await.unwrap_err();
        assert!(matches!(error, GraphError::Decode { .. }), "{error:?}");
    }
    assert!(other.calls().is_empty());
}

#[tokio::test]
async fn changed_devices_come_page_by_page() {
    let fake = Fake::start(|seen| {
        if seen.query == "$skiptoken=2" {
            let removed = json!({"id": Uuid::from_u128(2), "@removed": {"reason": "deleted"}});
            // Only what has changed.
            let partly = json!({"id": Uuid::from_u128(3), "accountEnabled": false});
            page(seen, &[removed, partly], DELTA, "$deltatoken=3")
        } else {
            let device = json!({"id": Uuid::from_u128(1), "deviceId": Uuid::from_u128(101),
                "displayName": "PC", "operatingSystem": "Windows", "accountEnabled": true,
                "trustType": "AzureAd", "@removed": null});
            page(seen, &[device], NEXT, "$skiptoken=2")
        }
    })
    .await;
    let mut pages = fake.client().device_delta(None).unwrap();
    let device = ChangedDevice {
        object: id(1),
        device: Some(Uuid::from_u128(101).into()),
        name: Some("PC".to_owned()),
        os: Some("Windows".to_owned()),
        account_enabled: Some(true),
        trust: Some(TrustType::AzureAd),
    };
    assert_eq!(pages.next().await.unwrap(), Some(vec![DeviceChange::Changed(device)]));
    assert_eq!(pages.link(), None);
    let partly = ChangedDevice {
        object: id(3),
        device: None,
        name: None,
        os: None,
        account_enabled: Some(false),
        trust: None,
    };
    let second = vec![DeviceChange::Removed(id(2)), DeviceChange::Changed(partly)];
    assert_eq!(pages.next().await.unwrap(), Some(second));
    let link = pages.link().unwrap().clone();
    assert!(link.as_str().ends_with("/v1.0/devices/delta?$deltatoken=3"));
    assert_eq!(pages.next().await.unwrap(), None);
    assert_eq!(fake.calls().len(), 2);
}
