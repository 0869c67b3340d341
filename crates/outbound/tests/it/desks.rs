//! What is said to ticket systems, and what is made of their answers.

use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use axum::{Json, Router};
use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::{SupportDeskId, SupportRequestId, TenantId};
use domain::support::desk::{About, Desk, Login, Reference, Said, Told, Way};
use domain::support::{Category, Severity};
use domain::webhook::Refusal;
use outbound::{Client, HandedOn, hand_on};
use secrecy::SecretString;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::play::{limits, serve};

fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000)
}

fn told(said: bool) -> Told {
    Told {
        id: Uuid::from_u128(3),
        about: About {
            request: SupportRequestId(Uuid::from_u128(1)),
            tenant: TenantId(Uuid::from_u128(2)),
            tenant_name: "Contoso".to_owned(),
            title: "Printing fails".to_owned(),
            description: "Since the last wave.\n\nOn all HP devices.".to_owned(),
            severity: Severity::Moderate,
            category: Category::Updates,
            subject: "rollout 2026-11 B".to_owned(),
            requester: "ana".to_owned(),
            filed_at: now(),
            evidence: "ab".repeat(32),
        },
        said: said.then(|| Said {
            id: Uuid::from_u128(4),
            at: now(),
            author: "ben".to_owned(),
            text: Some("it is *the driver*".to_owned()),
            status: Some("in_progress".to_owned()),
            assignee: None,
        }),
        reference: None,
        tries: 0,
        due_since: now(),
    }
}

fn service_now() -> Way {
    let login = Login::Basic { user: "concentric".to_owned() };
    let (caller, assignment_group) = (Some("ana".to_owned()), None);
    Way::ServiceNow { table: "incident".to_owned(), caller, assignment_group, login }
}

fn jira() -> Way {
    let (project, issue_type) = ("UPD".to_owned(), "Task".to_owned());
    Way::Jira { project, issue_type, login: Login::Bearer }
}

/// What was asked, and the answers, one after the other.
#[derive(Default)]
struct Script {
    asked: Vec<String>,
    answers: Vec<(u16, Value)>,
}

async fn play(
    State(script): State<Arc<Mutex<Script>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: String,
) -> Response {
    let mut script = script.lock().unwrap();
    let login = headers.get("authorization").map_or("-", |login| login.to_str().unwrap());
    script.asked.push(format!("{method} {uri} [{login}] {body}"));
    if script.answers.is_empty() {
        return StatusCode::NOT_FOUND.into_response();
    }
    let (status, body) = script.answers.remove(0);
    (StatusCode::from_u16(status).unwrap(), Json(body)).into_response()
}

async fn tell(way: Way, told: &Told, answers: &[(u16, Value)]) -> (HandedOn, Vec<String>) {
    let script = Arc::new(Mutex::new(Script { answers: answers.to_vec(), ..Script::default() }));
    let address = serve(Router::new().fallback(play).with_state(script.clone())).await;
    let client = Client::new(limits(&format!("127.0.0.1:{}", address.port())));
    let desk = Desk { id: SupportDeskId(Uuid::nil()), url: format!("http://{address}/"), way };
    let ended = hand_on(&client, &desk, &SecretString::from("pass word"), told, now()).await;
    let asked = script.lock().unwrap().asked.clone();
    (ended, asked)
}

fn known(key: &str, name: &str) -> Reference {
    Reference { key: key.to_owned(), name: name.to_owned() }
}

#[tokio::test]
async fn an_incident_is_looked_for_and_then_made() {
    let made = json!({ "result": { "sys_id": "9f3c", "number": "INC0010023" } });
    let answers = [(200, json!({ "result": [] })), (201, made)];
    let (ended, asked) = tell(service_now(), &told(false), &answers).await;
    assert_eq!((ended.tried.refusal, ended.reference), (None, Some(known("9f3c", "INC0010023"))));
    insta::assert_snapshot!(asked.join("\n"), @r#"
    GET /api/now/table/incident?sysparm_query=correlation_id%3Dconcentric-00000000000000000000000000000001&sysparm_fields=sys_id%2Cnumber&sysparm_limit=1 [Basic Y29uY2VudHJpYzpwYXNzIHdvcmQ=] 
    POST /api/now/table/incident?sysparm_fields=sys_id%2Cnumber [Basic Y29uY2VudHJpYzpwYXNzIHdvcmQ=] {"caller_id":"ana","correlation_display":"Concentric","correlation_id":"concentric-00000000000000000000000000000001","description":"Since the last wave.\n\nOn all HP devices.\nAbout: rollout 2026-11 B of the tenant Contoso; category updates.\nFiled by ana at 2024-10-04T00:00:00+00:00.\nEvidence: /api/v1/tenants/00000000-0000-0000-0000-000000000002/support-requests/00000000-0000-0000-0000-000000000001/bundle, SHA-256 abababababababababababababababababababababababababababababababab.","impact":"2","short_description":"Printing fails","urgency":"2"}
    "#);
    let found = json!({ "result": [{ "sys_id": "9f3c" }] });
    let (ended, asked) = tell(service_now(), &told(false), &[(200, found)]).await;
    assert_eq!(
        (asked.len(), ended.reference),
        (1, Some(known("9f3c", "9f3c"))),
        "it is there already"
    );
}

#[tokio::test]
async fn a_note_goes_to_the_ticket_that_is_known() {
    let mut noted = told(true);
    noted.reference = Some(known("9f3c", "INC0010023"));
    let record = json!({ "result": { "sys_id": "9f3c", "number": "INC0010023" } });
    let (ended, asked) = tell(service_now(), &noted, &[(200, record)]).await;
    assert_eq!(ended.tried.refusal, None);
    insta::assert_snapshot!(asked.join("\n"), @r#"PATCH /api/now/table/incident/9f3c?sysparm_fields=sys_id%2Cnumber [Basic Y29uY2VudHJpYzpwYXNzIHdvcmQ=] {"comments":"ben, now in progress:\nit is *the driver*\n(note 00000000-0000-0000-0000-000000000004 of 2024-10-04T00:00:00+00:00)"}"#);
    noted.reference = Some(known("UPD-7", "UPD-7"));
    let (ended, asked) = tell(jira(), &noted, &[(201, json!({ "id": "1" }))]).await;
    assert_eq!(ended.tried.status, Some(201));
    insta::assert_snapshot!(asked.join("\n"), @r#"POST /rest/api/3/issue/UPD-7/comment [Bearer pass word] {"body":{"content":[{"content":[{"text":"ben, now in progress:","type":"text"}],"type":"paragraph"},{"content":[{"text":"it is *the driver*","type":"text"}],"type":"paragraph"},{"content":[{"text":"(note 00000000-0000-0000-0000-000000000004 of 2024-10-04T00:00:00+00:00)","type":"text"}],"type":"paragraph"}],"type":"doc","version":1}}"#);
}

#[tokio::test]
async fn an_issue_is_looked_for_and_then_made() {
    let answers = [
        (200, json!({ "issues": [], "isLast": true })),
        (201, json!({ "id": "1", "key": "UPD-7", "self": "x" })),
    ];
    let (ended, asked) = tell(jira(), &told(false), &answers).await;
    assert_eq!((ended.tried.refusal, ended.reference), (None, Some(known("UPD-7", "UPD-7"))));
    insta::assert_snapshot!(asked.join("\n"), @r#"
    POST /rest/api/3/search/jql [Bearer pass word] {"fields":["summary"],"jql":"project = \"UPD\" AND labels = \"concentric-00000000000000000000000000000001\"","maxResults":1}
    POST /rest/api/3/issue [Bearer pass word] {"fields":{"description":{"content":[{"content":[{"text":"Since the last wave.","type":"text"}],"type":"paragraph"},{"content":[],"type":"paragraph"},{"content":[{"text":"On all HP devices.","type":"text"}],"type":"paragraph"},{"content":[{"text":"About: rollout 2026-11 B of the tenant Contoso; category updates.","type":"text"}],"type":"paragraph"},{"content":[{"text":"Filed by ana at 2024-10-04T00:00:00+00:00.","type":"text"}],"type":"paragraph"},{"content":[{"text":"Evidence: /api/v1/tenants/00000000-0000-0000-0000-000000000002/support-requests/00000000-0000-0000-0000-000000000001/bundle, SHA-256 abababababababababababababababababababababababababababababababab.","type":"text"}],"type":"paragraph"}],"type":"doc","version":1},"issuetype":{"name":"Task"},"labels":["concentric","concentric-00000000000000000000000000000001","severity-moderate"],"project":{"key":"UPD"},"summary":"Printing fails"}}
    "#);
}

#[tokio::test]
async fn what_goes_wrong_is_how_it_ended() {
    let nothing = (200, json!({ "result": [] }));
    for (answers, refusal) in [
        (vec![(401, json!({}))], Refusal::Refused),
        (vec![(503, json!({}))], Refusal::Broken),
        (vec![(200, json!("hello"))], Refusal::BadAnswer),
        (vec![nothing.clone(), (500, json!({}))], Refusal::Broken),
        // A name that would lead the next call elsewhere.
        (
            vec![nothing, (201, json!({ "result": { "sys_id": "../../admin" } }))],
            Refusal::BadAnswer,
        ),
    ] {
        let (ended, _) = tell(service_now(), &told(false), &answers).await;
        assert_eq!((ended.tried.refusal, ended.reference), (Some(refusal), None), "{answers:?}");
    }
    // The ticket is known though the note was refused, so it is not made again.
    let found = json!({ "issues": [{ "key": "UPD-7" }] });
    let (ended, _) = tell(jira(), &told(true), &[(200, found), (429, json!({}))]).await;
    assert_eq!(
        (ended.tried.refusal, ended.reference),
        (Some(Refusal::Refused), Some(known("UPD-7", "UPD-7")))
    );
}
