//! What is said when something does not work, and the exit codes.

use serde_json::json;

use crate::api::{Api, OTHER, ROLLOUT, problem_body, tenant};
use crate::program::{command, finish, run};

#[tokio::test]
async fn each_class_of_problem_has_its_exit_code() {
    let api = Api::start().await;
    let codes = [
        (400, 1),
        (401, 4),
        (403, 4),
        (404, 3),
        (409, 5),
        (412, 5),
        (422, 1),
        (428, 5),
        (429, 1),
        (500, 1),
        (503, 1),
    ];
    for (status, code) in codes {
        let body = problem_body(status, "Title", "Detail.");
        api.change(|world| world.problem = Some((status, body)));
        let run = run(&api.url, &["rollout", "list"]).await;
        assert_eq!(run.code, code, "for {status}: {}", run.err);
        assert_eq!(run.out, "", "data only on stdout");
    }
}

#[tokio::test]
async fn a_problem_is_told_with_every_field_and_the_trace() {
    let api = Api::start().await;
    let mut body = problem_body(422, "Not valid", "Two fields are wrong.");
    body["trace_id"] = json!("abc123");
    body["errors"] = json!([
        { "pointer": "/rings/0/percent", "detail": "all rings must add up to 100" },
        { "pointer": "/name", "detail": "must not be empty" }]);
    api.change(|world| world.problem = Some((422, body)));
    let run = run(&api.url, &["tenant", "list"]).await;
    insta::assert_snapshot!("problem_with_fields", run.err);
}

#[tokio::test]
async fn without_a_token_it_says_how_to_set_one() {
    let api = Api::start().await;
    let mut command = command(&api.url, &["rollout", "list"]);
    command.env_remove("CONCENTRIC_TOKEN");
    let run = finish(command).await;
    assert_eq!(run.code, 4);
    insta::assert_snapshot!("no_token", run.err);
}

#[tokio::test]
async fn the_token_may_come_from_a_file() {
    let api = Api::start().await;
    let file = std::env::temp_dir().join(format!("concentric-token-{}", std::process::id()));
    std::fs::write(&file, "good\n").expect("a file");
    let mut from_file = command(&api.url, &["tenant", "list"]);
    from_file.env_remove("CONCENTRIC_TOKEN").env("CONCENTRIC_TOKEN_FILE", &file);
    let run = finish(from_file).await;
    std::fs::remove_file(&file).expect("it is there");
    assert_eq!(run.code, 0, "{}", run.err);
    let mut missing = command(&api.url, &["tenant", "list", "--token-file", "/nowhere/token"]);
    missing.env_remove("CONCENTRIC_TOKEN");
    let run = finish(missing).await;
    assert_eq!(run.code, 2);
    assert!(run.err.contains("/nowhere/token"), "{}", run.err);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_apart() {
    // A port that was free a moment ago.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let run = run(&url, &["rollout", "list"]).await;
    assert_eq!(run.code, 13, "{}", run.err);
    assert!(run.err.contains(&format!("Is `concentric serve` running at {url}?")), "{}", run.err);
}

#[tokio::test]
async fn a_proxys_page_is_no_problem_of_the_api() {
    let api = Api::start().await;
    let elsewhere = format!("{}/elsewhere", api.url);
    let run = run(&elsewhere, &["rollout", "list"]).await;
    assert_eq!(run.code, 3);
    assert!(run.err.contains("is --url right?"), "{}", run.err);
}

#[tokio::test]
async fn an_ambiguous_beginning_lists_what_it_can_mean() {
    let api = Api::start().await;
    let run = run(&api.url, &["rollout", "get", "0195d111"]).await;
    assert_eq!(run.code, 2);
    assert!(run.err.contains(ROLLOUT) && run.err.contains(OTHER), "{}", run.err);
}

#[tokio::test]
async fn a_rollout_is_found_by_id_beginning_and_name() {
    let api = Api::start().await;
    for wanted in [ROLLOUT, "0195d111-1", "0195D111-1", "2026-11 B"] {
        let run = run(&api.url, &["rollout", "get", wanted]).await;
        assert_eq!(run.code, 0, "{wanted}: {}", run.err);
        assert!(run.out.contains(ROLLOUT), "{wanted}: {}", run.out);
    }
    for wanted in ["2026-12 B", "0195d111-1111-7000-8000-00000000000f"] {
        assert_eq!(run(&api.url, &["rollout", "get", wanted]).await.code, 3, "{wanted}");
    }
}

#[tokio::test]
async fn with_two_tenants_one_must_be_named() {
    let api = Api::start().await;
    let second = tenant("0195d000-0000-7000-8000-000000000002", "Fabrikam");
    api.change(|world| world.tenants.push(second));
    let unsaid = run(&api.url, &["rollout", "list"]).await;
    assert_eq!(unsaid.code, 2);
    assert!(unsaid.err.contains("Contoso") && unsaid.err.contains("Fabrikam"), "{}", unsaid.err);
    assert_eq!(run(&api.url, &["rollout", "list", "--tenant", "Fabrikam"]).await.code, 0);
    assert_eq!(run(&api.url, &["rollout", "list", "--tenant", "Nobody"]).await.code, 3);
}

#[tokio::test]
async fn a_typing_error_gets_a_suggestion_and_the_code_for_usage() {
    let run = run("http://127.0.0.1:1", &["rolout", "list"]).await;
    assert_eq!(run.code, 2);
    assert!(run.err.contains("'rollout'"), "{}", run.err);
}

#[tokio::test]
async fn the_token_is_no_argument() {
    let run = run("http://127.0.0.1:1", &["rollout", "list", "--token", "good"]).await;
    assert_eq!(run.code, 2, "it would stand in the list of processes");
}
