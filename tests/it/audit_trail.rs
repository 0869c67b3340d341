//! The audit trail of a running service: signed, copied, exported and verified elsewhere; and found
//! when somebody tampers with it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use api_types::{AuditSigning, AuditVerdict, Event, List};
use audit::{Outside, Report, Trust, Verifier};
use server::{Config, Database, Server};
use simulator::Scenario;
use sqlx::Executor as _;

use crate::stack::{Api, Stack, Wish};

const WISH: Wish = Wish { devices: 20, speed: 1_000.0, scenario: Scenario::Healthy };

async fn serve(stack: &Stack, file: &Path) -> Server {
    serve_every(stack, file, Duration::from_millis(200)).await
}

async fn serve_every(stack: &Stack, file: &Path, every: Duration) -> Server {
    let mut config = Config::embedded(stack.data_dir.clone()).accelerated(stack.clock());
    config.database = Database::Url(stack.database.url.clone());
    config.listen = ([127, 0, 0, 1], 0).into();
    config.audit.every = every;
    // Tests ask more than people do.
    let most = std::num::NonZeroU32::MAX;
    config.limits = server::Limits { per_second: most, burst: most };
    config.audit.file = file.to_owned();
    Server::start(config).await.expect("a server")
}

async fn export(api: &Api, path: &str) -> String {
    let request = api.http.get(format!("{}{path}", api.base)).bearer_auth(&api.token);
    let answer = request.header("accept", "application/x-ndjson").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/x-ndjson");
    answer.text().await.unwrap()
}

fn outside(stack: &Stack, file: &Path) -> (Outside, Trust) {
    let keys = std::fs::read_to_string(stack.data_dir.join("audit.pub")).expect("public keys");
    let trust = Trust::Keys(audit::keys(&keys).expect("public keys"));
    let mut outside = Outside::default();
    outside.read(std::fs::read(file).unwrap_or_default().as_slice(), &trust).expect("good ones");
    (outside, trust)
}

fn verify(stack: &Stack, file: &Path, export: &str) -> Result<Report, audit::ReadError> {
    let (outside, trust) = outside(stack, file);
    audit::verify(export.as_bytes(), Verifier::new(trust, outside, None))
}

/// Waits until the server finds its own trail intact and covered, with at least so many entries.
async fn covered(api: &Api, path: &str, entries: i64) -> AuditVerdict {
    for _ in 0..600 {
        let verdict: AuditVerdict = api.get(&format!("{path}/verify")).await;
        assert!(verdict.intact, "{verdict:?}");
        if verdict.uncovered == 0 && verdict.entries >= entries {
            return verdict;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{path} is not covered");
}

/// A tenant whose sync has begun, with a trail of twenty entries of budgets.
async fn tenant(api: &Api, stack: &Stack) -> String {
    let secret = simulator::DEFAULT_CLIENT_SECRET;
    let tenant = api.create_tenant(&stack.simulator, secret).await;
    let at = format!("/tenants/{}", tenant.id);
    for devices in 1..=20 {
        budget(api, &at, devices).await;
    }
    at
}

async fn budget(api: &Api, at: &str, devices: u32) {
    let body = serde_json::json!({ "devices": devices });
    let (status, body) = api.call("PUT", &format!("{at}/budget"), Some(body)).await.unwrap();
    assert_eq!(status, 200, "{body}");
}

fn file(stack: &Stack, name: &str) -> PathBuf {
    stack.data_dir.join(name)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_sign_one_trail_that_others_can_verify() {
    let stack = Stack::new(WISH).await;
    let (one, two) = (file(&stack, "one.jsonl"), file(&stack, "two.jsonl"));
    let first = serve(&stack, &one).await;
    let second = serve(&stack, &two).await;
    let api = Api::new(first.address(), first.first_token().expect("a first token"));
    let path = format!("{}/audit", tenant(&api, &stack).await);
    let verdict = covered(&api, &path, 21).await;

    // Newest first, and in pages.
    let newest = format!("{path}?order=newest_first&page_size=2&kind=budget_set");
    let page: List<Event> = api.get(&newest).await;
    assert!(page.items[0].seq > page.items[1].seq, "{page:?}");
    assert!(page.items[0].text.contains("20 devices"), "{page:?}");
    let next = page.next_page_token.expect("more");
    let page: List<Event> = api.get(&format!("{newest}&page_token={next}")).await;
    assert!(page.items[0].text.contains("18 devices"), "{page:?}");
    let (status, _) = api.call("GET", &format!("{path}?page_token=x"), None).await.unwrap();
    assert_eq!(status, 400);

    // Each server has every checkpoint outside, whoever signed it.
    let whole = export(&api, &path).await;
    for _ in 0..600 {
        if [&one, &two]
            .iter()
            .all(|file| verify(&stack, file, &whole).is_ok_and(|report| report.uncovered() == 0))
        {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    for file in [&one, &two] {
        let report = verify(&stack, file, &whole).expect("an intact trail");
        assert!(report.entries >= verdict.entries);
        let (outside, _) = outside(&stack, file);
        assert_eq!((outside.unreadable(), outside.gaps(report.tenant)), (0, 0));
    }
    let signing: AuditSigning = api.get("/audit/signing").await;
    assert_eq!(signing.keys.len(), 1, "both sign with one key");
    assert!(signing.sinks.iter().all(|sink| sink.error.is_none()), "{signing:?}");
    // The service's own chain has the tokens.
    covered(&api, "/audit", 1).await;
    let own = export(&api, "/audit").await;
    assert!(verify(&stack, &one, &own).expect("an intact trail").entries >= 1);

    // A changed word in the export is found by whoever has the files alone.
    let tampered = whole.replacen("20", "2", 1);
    assert!(verify(&stack, &one, &tampered).is_err());
    first.shutdown().await;
    second.shutdown().await;
    stack.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_tampered_with_is_not_signed_and_a_torn_copy_is_mended() {
    let stack = Stack::new(WISH).await;
    let copy = file(&stack, "copy.jsonl");
    let server = serve(&stack, &copy).await;
    let token = server.first_token().expect("a first token").to_owned();
    let api = Api::new(server.address(), &token);
    let at = tenant(&api, &stack).await;
    let path = format!("{at}/audit");
    covered(&api, &path, 21).await;
    server.shutdown().await;

    // Killed in the middle of a line: the line is written again, and the torn one passed over.
    let text = std::fs::read(&copy).unwrap();
    std::fs::write(&copy, &text[..text.len() - 50]).unwrap();
    let server = serve(&stack, &copy).await;
    let api = Api::new(server.address(), &token);
    budget(&api, &at, 30).await;
    let verdict = covered(&api, &path, 22).await;
    let whole = export(&api, &path).await;
    let mut unreadable = 0;
    for _ in 0..600 {
        let (outside, _) = outside(&stack, &copy);
        unreadable = outside.unreadable();
        if unreadable == 1 && verify(&stack, &copy, &whole).is_ok_and(|one| one.uncovered() == 0) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(unreadable, 1);
    let report = verify(&stack, &copy, &whole).expect("an intact trail");
    assert!(report.entries >= verdict.entries);

    // A copy that cannot be written is told, and stops nothing.
    std::fs::rename(&copy, file(&stack, "kept.jsonl")).unwrap();
    std::fs::create_dir(&copy).unwrap();
    budget(&api, &at, 31).await;
    let sink_error = async || {
        let signing: AuditSigning = api.get("/audit/signing").await;
        signing.sinks.into_iter().find_map(|sink| sink.error)
    };
    let mut error = None;
    for _ in 0..600 {
        error = sink_error().await;
        if error.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(error.is_some(), "the copy cannot be written");
    std::fs::remove_dir(&copy).unwrap();
    std::fs::rename(file(&stack, "kept.jsonl"), &copy).unwrap();

    // Somebody at the database, without the key, behind the last checkpoint: not signed, neither when
    // the server stops nor when it starts again.
    covered(&api, &path, 23).await;
    server.shutdown().await;
    let server = serve_every(&stack, &copy, Duration::from_hours(1)).await;
    let api = Api::new(server.address(), &token);
    let signing = async |api: &Api| api.get::<AuditSigning>("/audit/signing").await;
    while signing(&api).await.sinks.is_empty() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    budget(&api, &at, 32).await;
    let mut raw = stack.database.connect().await;
    let last = "update event set actor = 'nobody' where tenant_id <> $$00000000-0000-0000-0000-000000000000$$
        and kind = 'budget_set' and seq > (select max(seq) from audit_checkpoint c
            where c.tenant_id = event.tenant_id)";
    assert_eq!(raw.execute(last).await.unwrap().rows_affected(), 1);
    server.shutdown().await;
    let uncovered = "select count(*) from chain_head h where h.tenant_id <> $$00000000-0000-0000-0000-000000000000$$
        and h.seq > (select max(seq) from audit_checkpoint c where c.tenant_id = h.tenant_id)";
    let uncovered: i64 = sqlx::query_scalar(uncovered).fetch_one(&mut raw).await.unwrap();
    assert_eq!(uncovered, 1, "what is damaged is not signed");
    let server = serve(&stack, &copy).await;
    let api = Api::new(server.address(), &token);
    for _ in 0..600 {
        if signing(&api).await.damaged_chains == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(signing(&api).await.damaged_chains, 1);
    let verdict: AuditVerdict = api.get(&format!("{path}/verify")).await;
    assert!(!verdict.intact && verdict.damage.is_some(), "{verdict:?}");
    let damaged_export = export(&api, &path).await;
    assert!(verify(&stack, &copy, &damaged_export).is_err());
    server.shutdown().await;
    stack.end().await;
}
