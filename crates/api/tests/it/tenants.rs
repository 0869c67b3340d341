//! Tenants and lists.

use axum::http::Method;
use domain::work::WorkKind;
use serde_json::{Value, json};
use std::time::Duration;
use store::tokens::Role;

use crate::world::{World, hour, id, tenant_body, text};

/// Of nobody; its key was thrown away.
const CERTIFICATE: &str = "\
-----BEGIN CERTIFICATE-----\n\
MIIBbTCCAROgAwIBAgIUB7Y984+WwDGqaPbRJWYeUrrm7AIwCgYIKoZIzj0EAwIw\n\
DDEKMAgGA1UEAwwBYzAeFw0yNjExMjkwODQyNDBaFw0zNjExMjYwODQyNDBaMAwx\n\
CjAIBgNVBAMMAWMwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARIeeTijuk+OBz1\n\
0vXrCi1oxDKbWRKw/cBZgNYT5bFiVRCVDy1VJysC2D5A6S2LAHpOKEgGB8VvWLn8\n\
camcRj3Ko1MwUTAdBgNVHQ4EFgQUzj3ylOjkTEJOlwppYVp8NXkqGXwwHwYDVR0j\n\
BBgwFoAUzj3ylOjkTEJOlwppYVp8NXkqGXwwDwYDVR0TAQH/BAUwAwEB/zAKBggq\n\
hkjOPQQDAgNIADBFAiBwKUIgDL590Jm/kUQaeQvtv+H/DQuqVVPr8ueWFViR/wIh\n\
APIXW4DvwsDd1RB/1P31WpmLiFxRUorkq1sRTZwSDnYO\n\
-----END CERTIFICATE-----";
const EXPIRES: &str = "2036-11-26T08:42:40Z";

#[tokio::test]
async fn a_tenant_is_made_read_and_connected_anew() {
    let world = World::new().await;
    let made = world.post("/api/v1/tenants", tenant_body("Contoso")).await;
    let location = made.headers["location"].to_str().unwrap().to_owned();
    let made = made.expect(201);
    assert_eq!(location, format!("/api/v1/tenants/{}", id(&made)));
    assert_eq!(made["graph_url"], "https://graph.microsoft.com");
    assert_eq!(made["connection"]["state"], "unverified");
    assert_eq!(made["credential"], "secret");
    assert!(!made.to_string().contains("correct horse"));
    assert!(!world.dump().await.contains("correct horse"), "credentials are sealed");
    assert_eq!(world.get(&location).await.expect(200), made);
    insta::assert_snapshot!(
        world.post("/api/v1/tenants", tenant_body("Contoso")).await.problem(), @r#"409 conflict: there is a tenant named "Contoso" already"#);

    let mut connection = tenant_body("x")["connection"].take();
    connection["credential"] = json!({
        "kind": "certificate",
        "certificate_pem": CERTIFICATE,
        "private_key_pem": "-----BEGIN PRIVATE KEY-----",
    });
    let path = format!("{location}/connection");
    let connected =
        world.call(Method::PUT, &path, Some(&world.admin), Some(&connection)).await.expect(200);
    assert_eq!(connected["credential"], "certificate");
    assert_eq!(connected["credential_expires_at"], EXPIRES);
    assert_eq!(connected["entra_tenant_id"], connection["entra_tenant_id"]);

    connection["credential"]["certificate_pem"] = json!(CERTIFICATE.replace("MII", "MIJ"));
    let refused = world.call(Method::PUT, &path, Some(&world.admin), Some(&connection)).await;
    assert!(refused.problem().contains("not an X.509 certificate"), "what nobody can read");

    let expires = "2027-01-01T00:00:00Z";
    connection["credential"] = json!({ "kind": "secret", "secret": "new", "expires_at": expires });
    let connected =
        world.call(Method::PUT, &path, Some(&world.admin), Some(&connection)).await.expect(200);
    assert_eq!(connected["credential_expires_at"], expires);
    connection["credential"] = json!({ "kind": "secret", "secret": "newer" });
    let connected =
        world.call(Method::PUT, &path, Some(&world.admin), Some(&connection)).await.expect(200);
    assert_eq!(connected.get("credential_expires_at"), None, "of the one before");
}

#[tokio::test]
async fn a_sync_is_asked_for() {
    let world = World::new().await;
    let tenant = world.tenant("Contoso").await;
    let claim = async || {
        let lease = Duration::from_mins(1);
        world.store.work_claim(&[WorkKind::Sync], 9, lease, hour(0)).await.unwrap()
    };
    let first = claim().await;
    world.store.work_finish(&first[0], None, None).await.unwrap();
    assert_eq!(claim().await, [], "nothing is asked for");
    let path = format!("/api/v1/tenants/{tenant}/sync");
    world.call(Method::POST, &path, Some(&world.admin), None).await.expect(202);
    assert_eq!(claim().await[0].subject, tenant.0);
}

#[tokio::test]
async fn pages_add_up_to_the_list() {
    let world = World::new().await;
    let mut made = Vec::new();
    for number in 0..5 {
        made.push(world.tenant(&format!("Tenant {number}")).await.to_string());
    }
    let (mut seen, mut next, mut pages) = (Vec::new(), Value::Null, 0);
    loop {
        let token = next.as_str().map(|token| format!("&page_token={token}")).unwrap_or_default();
        let page = world.get(&format!("/api/v1/tenants?page_size=2{token}")).await.expect(200);
        for item in page["items"].as_array().unwrap() {
            seen.push(text(&item["id"]).to_owned());
        }
        pages += 1;
        next = page["next_page_token"].clone();
        if next.is_null() {
            break;
        }
    }
    assert_eq!((seen, pages), (made, 3));
}

#[tokio::test]
async fn a_token_of_one_tenant_sees_that_one() {
    let world = World::new().await;
    let (ours, _) = (world.tenant("Ours").await, world.tenant("Theirs").await);
    let viewer = world.token(Role::Viewer, Some(ours)).await;
    let list = world.call(Method::GET, "/api/v1/tenants", Some(&viewer), None).await.expect(200);
    let ids: Vec<_> = list["items"].as_array().unwrap().iter().map(id).collect();
    assert_eq!(ids, [ours.0]);
}

#[tokio::test]
async fn devices_are_found_by_name_ring_and_state() {
    let world = World::new().await;
    let tenant = world.tenant("Contoso").await;
    let rollout = world.rollout(tenant).await;
    world.start(tenant, rollout).await;
    let base = format!("/api/v1/tenants/{tenant}");
    let read = world.get(&format!("{base}/rollouts/{rollout}")).await.expect(200);
    let count = async |query: String| {
        let page = world.get(&format!("{base}/devices?page_size=500&{query}")).await.expect(200);
        page["items"].as_array().unwrap().len()
    };
    assert_eq!(count("name_prefix=pc-000".to_owned()).await, 10);
    assert_eq!(count("model=Model%202".to_owned()).await, 0);
    let set = text(&read["ring_set_id"]);
    let in_first = count(format!("ring_set_id={set}&ring=0")).await;
    assert_eq!(in_first, usize::try_from(read["rings"][0]["assigned"].as_u64().unwrap()).unwrap());
    assert_eq!(count(format!("rollout_id={rollout}&state=offered")).await, 4);
    let summary = world.get(&format!("{base}/registration")).await.expect(200);
    for list in ["standings", "reasons"] {
        for counted in summary[list].as_array().unwrap() {
            let of = counted["devices"].as_u64().unwrap();
            let query = format!("{}={}", &list[..list.len() - 1], text(&counted["name"]));
            assert_eq!(count(query).await as u64, of, "{counted}");
        }
    }
    let path = format!("{base}/devices?rollout_id={rollout}&state=offered&page_size=1");
    let one = world.get(&path).await.expect(200);
    let detail = world.get(&format!("{base}/devices/{}", id(&one["items"][0]))).await.expect(200);
    assert_eq!(detail["rings"], json!([{ "ring_set_id": set, "ring": 0 }]));
    assert_eq!(detail["attempts"][0]["state"], "offered");
    assert_eq!(detail["attempts"][0]["rollout_id"], rollout.to_string());
}
