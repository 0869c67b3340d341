//! `token` and `whoami`.

use serde_json::{Value, json};

use crate::api::{Api, TENANT};
use crate::program::run;

const ID: &str = "0195d222-0000-7000-8000-000000000001";

pub(crate) fn token(id: &str, name: &str, expires_at: &str) -> Value {
    json!({ "id": id, "name": name, "roles": ["operator", "approver"], "tenant_id": TENANT,
        "ring_set_ids": null, "hint": "con_12ab", "created_by": "ana",
        "created_at": "2026-11-01T00:00:00Z", "expires_at": expires_at,
        "last_used_at": "2026-11-10T18:00:00Z", "revoked_at": null })
}

fn with_tokens(api: &Api) {
    let mut old = token("0195d222-0000-7000-8000-000000000002", "ci", "2027-01-30T00:00:00Z");
    old["revoked_at"] = json!("2026-11-02T00:00:00Z");
    let items = [token(ID, "ci", "2027-01-30T00:00:00Z"), old];
    api.answer("GET /tokens", &[json!({ "items": items })]);
}

#[tokio::test]
async fn tokens_are_listed() {
    let api = Api::start().await;
    with_tokens(&api);
    let list = run(&api.url, &["token", "list", "-o", "table"]).await;
    insta::assert_snapshot!("token_list_table", list.out);
}

#[tokio::test]
async fn a_new_token_stands_alone_on_stdout() {
    let api = Api::start().await;
    let mut made = token(ID, "ci", "2026-12-30T00:00:00Z");
    made["text"] = json!("con_12abcdef");
    api.answer("POST /tokens", &[made]);
    let create = ["token", "create", "ci", "--role", "operator,approver", "--days", "30"];
    let run = run(&api.url, &create).await;
    assert_eq!((run.code, run.out.as_str()), (0, "con_12abcdef\n"), "{}", run.err);
    assert!(run.err.contains("shown this once") && !run.err.contains("con_12abcdef"));
    let [(_, body)] = api.orders().try_into().expect("one order");
    assert_eq!(
        body,
        json!({ "name": "ci", "roles": ["operator", "approver"], "tenant_id": TENANT,
            "valid_days": 30 }),
        "only this tenant, unless somebody says otherwise"
    );
}

#[tokio::test]
async fn a_token_for_every_tenant_is_asked_for_in_so_many_words() {
    let api = Api::start().await;
    let all = ["token", "create", "ci", "--role", "viewer", "--all-tenants", "--dry-run"];
    let run = run(&api.url, &[&all[..], &["-o", "json"]].concat()).await;
    let order: Value = serde_json::from_str(&run.out).expect("JSON");
    assert_eq!(order["body"], json!({ "name": "ci", "roles": ["viewer"], "valid_days": 90 }));
}

#[tokio::test]
async fn revoking_asks_and_means_the_one_in_use() {
    let api = Api::start().await;
    with_tokens(&api);
    assert_eq!(run(&api.url, &["token", "revoke", "ci"]).await.code, 2, "nobody to ask");
    api.change(|world| {
        world.answers.insert(format!("DELETE /tokens/{ID}"), [(204, Value::Null)].into());
    });
    let revoke = run(&api.url, &["token", "revoke", "ci", "--yes"]).await;
    assert_eq!(revoke.code, 0, "{}", revoke.err);
    assert_eq!(api.orders().len(), 1);
}

#[tokio::test]
async fn whoami_says_what_one_may_do() {
    let api = Api::start().await;
    let grant = json!({ "roles": ["viewer", "approver"], "tenant_id": null,
        "ring_set_ids": [ID] });
    api.answer("GET /whoami", &[json!({ "name": "ana", "grants": [grant] })]);
    let run = run(&api.url, &["whoami"]).await;
    let line = "may act as\tviewer and approver, in every tenant, on 1 ring set\n";
    assert!(run.out.starts_with("name\tana\n") && run.out.ends_with(line), "{}", run.out);
}
