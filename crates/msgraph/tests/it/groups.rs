//! Groups: created once, filled idempotently, emptied without harm.
//!
//! The fake directory keeps just enough state to tell right from wrong.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use domain::ids::DirectoryObjectId;
use msgraph::{GraphError, GroupMembers, GroupSpec, Transitive};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::fake::{Fake, empty, error_body, refusal, reply};

fn spec() -> GroupSpec {
    GroupSpec {
        mail_nickname: "concentric-o'ring".to_owned(),
        display_name: "Ring 1".to_owned(),
        description: "First".to_owned(),
    }
}

fn id(n: u128) -> DirectoryObjectId {
    DirectoryObjectId(Uuid::from_u128(n))
}

fn group(n: u128, created: &str) -> Value {
    json!({"id": Uuid::from_u128(n), "mailNickname": spec().mail_nickname,
        "displayName": "Ring 1", "description": null, "createdDateTime": created})
}

#[tokio::test]
async fn the_oldest_of_several_groups_wins() {
    let fake = Fake::start(|_| {
        let groups = [group(1, "2026-02-01T00:00:00Z"), group(2, "2026-01-01T00:00:00Z")];
        reply(200, &json!({"value": groups}))
    })
    .await;
    assert_eq!(fake.client().ensure_group(&spec()).await.unwrap(), id(2));
    let calls = fake.calls();
    assert_eq!(calls.len(), 1);
    assert!(
        calls[0].query.starts_with("$filter=mailNickname%20eq%20%27concentric-o%27%27ring%27&"),
        "{}",
        calls[0].query
    );
}

#[tokio::test]
async fn a_missing_group_is_created() {
    let fake = Fake::start(|seen| match seen.method.as_str() {
        "GET" => reply(200, &json!({"value": []})),
        _ => reply(201, &group(3, "2026-01-01T00:00:00Z")),
    })
    .await;
    assert_eq!(fake.client().ensure_group(&spec()).await.unwrap(), id(3));
    let body = fake.calls()[1].json();
    let expected = json!({"displayName": "Ring 1", "description": "First",
        "mailNickname": "concentric-o'ring", "mailEnabled": false, "securityEnabled": true});
    assert_eq!(body, expected);
}

#[tokio::test]
async fn a_create_of_unknown_outcome_is_looked_up_not_repeated() {
    let fake = Fake::start(|seen| match (seen.method.as_str(), seen.nth) {
        ("POST", _) => refusal(504, "GatewayTimeout", "?"),
        // It shows up late: the read before, and the first one after, miss it.
        (_, 0 | 1) => reply(200, &json!({"value": []})),
        _ => reply(200, &json!({"value": [group(4, "2026-01-01T00:00:00Z")]})),
    })
    .await;
    assert_eq!(fake.client().ensure_group(&spec()).await.unwrap(), id(4));
    assert_eq!(fake.count("POST", "/v1.0/groups"), 1);
}

#[tokio::test]
async fn a_create_that_never_shows_up_is_repeated_once() {
    let fake = Fake::start(|seen| match (seen.method.as_str(), seen.nth) {
        ("POST", 0) => refusal(504, "GatewayTimeout", "?"),
        ("POST", _) => reply(201, &group(5, "2026-01-01T00:00:00Z")),
        _ => reply(200, &json!({"value": []})),
    })
    .await;
    assert_eq!(fake.client().ensure_group(&spec()).await.unwrap(), id(5));
    assert_eq!(fake.count("POST", "/v1.0/groups"), 2);
}

/// A directory with one group, whose PATCH is all or nothing.
struct Directory {
    members: BTreeSet<Uuid>,
    /// Not known at all.
    unknown: BTreeSet<Uuid>,
    /// Members that reads do not show yet.
    lagging: BTreeSet<Uuid>,
}

const GROUP: u128 = 9000;

impl Directory {
    fn patch(&mut self, body: &Value) -> (u16, Value) {
        let ids: Vec<Uuid> = body["members@odata.bind"]
            .as_array()
            .unwrap()
            .iter()
            .map(|link| {
                let (base, id) = link.as_str().unwrap().rsplit_once('/').unwrap();
                assert!(base.ends_with("/v1.0/directoryObjects"), "{base}");
                id.parse().unwrap()
            })
            .collect();
        assert!(ids.len() <= 20);
        if ids.iter().any(|id| self.unknown.contains(id)) {
            return (404, error_body("Request_ResourceNotFound", "Resource does not exist"));
        }
        if ids.iter().any(|id| self.members.contains(id)) {
            let text = "One or more added object references already exist for the following \
                modified properties: 'members'.";
            return (400, error_body("Request_BadRequest", text));
        }
        self.members.extend(ids);
        (204, Value::Null)
    }

    fn part(&mut self, part: &Value) -> Value {
        let group = format!("/groups/{}", Uuid::from_u128(GROUP));
        let url = part["url"].as_str().unwrap();
        let rest = url.strip_prefix(&group).unwrap();
        let (status, body) = match part["method"].as_str().unwrap() {
            "PATCH" => self.patch(&part["body"]),
            "DELETE" => {
                let id = rest.strip_prefix("/members/").unwrap().strip_suffix("/$ref").unwrap();
                let was_in = self.members.remove(&id.parse().unwrap());
                (if was_in { 204 } else { 404 }, Value::Null)
            }
            other => panic!("{other}"),
        };
        json!({"id": part["id"], "status": status, "body": body})
    }
}

async fn directory(
    members: &[u128],
    unknown: &[u128],
    lagging: &[u128],
) -> (Fake, Arc<Mutex<Directory>>) {
    let set = |ids: &[u128]| ids.iter().copied().map(Uuid::from_u128).collect();
    let (members, unknown, lagging) = (set(members), set(unknown), set(lagging));
    let state = Arc::new(Mutex::new(Directory { members, unknown, lagging }));
    let shared = Arc::clone(&state);
    let fake = Fake::start(move |seen| {
        let mut state = shared.lock().unwrap();
        let group = format!("/v1.0/groups/{}", Uuid::from_u128(GROUP));
        match seen.key() {
            ("POST", "/v1.0/$batch") => {
                let parts = seen.json()["requests"].as_array().unwrap().clone();
                let answers: Vec<Value> = parts.iter().map(|part| state.part(part)).collect();
                reply(200, &json!({"responses": answers}))
            }
            ("GET", path) if path == group => reply(200, &json!({"id": Uuid::from_u128(GROUP)})),
            ("GET", path) if path == format!("{group}/members") => {
                let device = |id| json!({"@odata.type": "#microsoft.graph.device", "id": id});
                let mut shown: Vec<Value> =
                    state.members.difference(&state.lagging).map(device).collect();
                shown.push(json!({"@odata.type": "#microsoft.graph.user", "id": Uuid::nil()}));
                reply(200, &json!({"value": shown}))
            }
            _ => empty(500),
        }
    })
    .await;
    (fake, state)
}

fn ids(range: std::ops::Range<u128>) -> Vec<DirectoryObjectId> {
    range.map(id).collect()
}

fn inside(state: &Mutex<Directory>) -> Vec<DirectoryObjectId> {
    state.lock().unwrap().members.iter().copied().map(DirectoryObjectId).collect()
}

#[tokio::test]
async fn four_hundred_members_cost_one_call() {
    let (fake, state) = directory(&[], &[], &[]).await;
    fake.client().add_group_members(id(GROUP), &ids(1..401)).await.unwrap();
    assert_eq!(inside(&state), ids(1..401));
    assert_eq!(fake.calls().len(), 1);
}

#[tokio::test]
async fn members_that_are_in_already_do_not_hinder_the_others() {
    let (fake, state) = directory(&[3, 25], &[], &[]).await;
    fake.client().add_group_members(id(GROUP), &ids(1..51)).await.unwrap();
    assert_eq!(inside(&state), ids(1..51));
    // And once more, with everybody in.
    fake.client().add_group_members(id(GROUP), &ids(1..51)).await.unwrap();
}

#[tokio::test]
async fn members_that_reads_do_not_show_yet_do_not_hinder_the_others() {
    let (fake, state) = directory(&[3, 25], &[], &[3]).await;
    fake.client().add_group_members(id(GROUP), &ids(1..51)).await.unwrap();
    assert_eq!(inside(&state), ids(1..51));
}

#[tokio::test]
async fn a_device_that_is_gone_is_named_and_the_others_are_in() {
    let (fake, state) = directory(&[], &[7], &[]).await;
    let error = fake.client().add_group_members(id(GROUP), &ids(1..31)).await.unwrap_err();
    assert_eq!(error, GraphError::NotFound { path: format!("/directoryObjects/{}", id(7)) });
    assert_eq!(inside(&state).len(), 29);
    let unknown = fake.client().add_known_group_members(id(GROUP), &ids(1..31)).await.unwrap();
    assert_eq!(unknown, [id(7)]);
}

#[tokio::test]
async fn removing_is_idempotent() {
    let (fake, state) = directory(&[1, 2, 3], &[], &[]).await;
    fake.client().remove_group_members(id(GROUP), &ids(2..30)).await.unwrap();
    assert_eq!(inside(&state), [id(1)]);
    assert_eq!(fake.calls().len(), 2);
}

#[tokio::test]
async fn only_devices_count_as_devices() {
    let (fake, _) = directory(&[1, 2], &[], &[]).await;
    let devices = fake.client().group_devices(id(GROUP), Transitive::No).await.unwrap();
    assert_eq!(devices, ids(1..3));
}

#[tokio::test]
async fn a_group_that_is_gone_counts_as_deleted() {
    let fake = Fake::start(|_| refusal(404, "Request_ResourceNotFound", "gone")).await;
    fake.client().delete_group(id(1)).await.unwrap();
    assert!(!fake.client().find_group("x").await.unwrap_err().is_transient());
}

#[tokio::test]
async fn groups_are_found_by_the_beginning_of_their_names() {
    let fake =
        Fake::start(|_| reply(200, &json!({"value": [group(1, "2026-01-01T00:00:00Z")]}))).await;
    let client = fake.client();
    let groups = client.groups_named("O'Ring & Co").await.unwrap();
    assert_eq!((groups[0].id, groups[0].display_name.as_str()), (id(1), "Ring 1"));
    client.groups_named("").await.unwrap();
    let calls = fake.calls();
    let filter = "$filter=startsWith(displayName,%27O%27%27Ring%20%26%20Co%27)&$select=id,";
    assert!(calls[0].query.starts_with(filter), "{}", calls[0].query);
    assert!(calls[1].query.starts_with("$select=id,"), "{}", calls[1].query);
}

#[tokio::test]
async fn one_group_is_read_or_is_not_there() {
    let fake = Fake::start(|seen| {
        if seen.path.ends_with('1') {
            reply(200, &group(1, "2026-01-01T00:00:00Z"))
        } else {
            refusal(404, "Request_ResourceNotFound", "none")
        }
    })
    .await;
    let client = fake.client();
    assert_eq!(client.group(id(1)).await.unwrap().map(|group| group.id), Some(id(1)));
    assert_eq!(client.group(id(2)).await.unwrap(), None);
}

#[tokio::test]
async fn a_group_is_renamed() {
    let fake = Fake::start(|_| empty(204)).await;
    fake.client().update_group(id(1), "Ring 2", "Second").await.unwrap();
    assert_eq!(fake.count("PATCH", &format!("/v1.0/groups/{}", id(1))), 1);
    assert_eq!(fake.calls()[0].json(), json!({"displayName": "Ring 2", "description": "Second"}));
}

#[tokio::test]
async fn members_are_told_apart_by_kind() {
    let fake = Fake::start(|_| {
        let member = |kind: &str, n: u128| {
            json!({"@odata.type": format!("#microsoft.graph.{kind}"), "id": Uuid::from_u128(n)})
        };
        let members = [member("device", 1), member("group", 2), member("user", 3), member("x", 4)];
        reply(200, &json!({"value": members}))
    })
    .await;
    let members = fake.client().group_members(id(GROUP)).await.unwrap();
    let expected = GroupMembers { devices: vec![id(1)], groups: vec![id(2)], others: 2 };
    assert_eq!(members, expected);
}
