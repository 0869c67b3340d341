//! The forms of data: `-o wide|yaml|name`, and the shape that PowerShell makes objects of.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::api::{Api, OTHER, ROLLOUT};
use crate::program::run;

#[tokio::test]
async fn names_are_what_other_commands_take() {
    let api = Api::start().await;
    let rollouts = run(&api.url, &["rollout", "list", "-o", "name"]).await;
    assert_eq!(rollouts.out, "2026-11 B\n2026-10 B\n", "{}", rollouts.err);
    for name in rollouts.out.lines() {
        let got = run(&api.url, &["rollout", "get", name, "-o", "name"]).await;
        assert_eq!((got.code, got.out.trim_end()), (0, name), "{}", got.err);
    }
    assert_eq!(run(&api.url, &["tenant", "list", "-o", "name"]).await.out, "Contoso\n");
}

#[tokio::test]
async fn what_has_no_name_is_no_failure() {
    let api = Api::start().await;
    let arguments: Vec<&str> =
        "gate evidence --failures 10 --successes 122 --limit 2% --alpha 0.1% -o name"
            .split(' ')
            .collect();
    let run = run(&api.url, &arguments).await;
    assert_eq!((run.code, run.out.as_str()), (0, ""), "{}", run.err);
    assert!(run.err.contains("has no name"), "{}", run.err);
}

#[tokio::test]
async fn yaml_says_what_json_says() {
    let api = Api::start().await;
    for arguments in [&["rollout", "list"][..], &["rollout", "get", ROLLOUT], &["tenant", "list"]] {
        let json = run(&api.url, &[arguments, &["-o", "json"]].concat()).await.out;
        let yaml = run(&api.url, &[arguments, &["-o", "yaml"]].concat()).await.out;
        let json: Value = serde_json::from_str(&json).expect("JSON");
        let yaml: Value = serde_saphyr::from_str(&yaml).expect("YAML");
        assert_eq!(yaml, json, "{arguments:?}");
    }
}

#[tokio::test]
async fn wide_shows_the_fields_that_a_table_leaves_out() {
    let api = Api::start().await;
    let table = run(&api.url, &["tenant", "list", "-o", "table"]).await.out;
    let wide = run(&api.url, &["tenant", "list", "-o", "wide"]).await.out;
    let head = wide.lines().next().expect("a heading");
    let first = table.lines().next().expect("a heading");
    assert!(head.starts_with(first), "the same columns first: {head}");
    assert!(head.contains("GRAPH URL") && wide.contains("https://graph.microsoft.com"), "{wide}");
    let one = run(&api.url, &["tenant", "get", "-o", "wide"]).await.out;
    assert_eq!(one.matches("https://graph.microsoft.com").count(), 1, "nothing twice: {one}");
}

#[tokio::test]
async fn a_line_of_json_is_one_object_with_real_values() {
    let api = Api::start().await;
    let lines = run(&api.url, &["rollout", "list", "-o", "jsonl"]).await.out;
    let all: Vec<Value> =
        lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(all.len(), 2);
    assert_eq!(all[1]["id"], OTHER);
    assert_eq!(all[0]["generation"], json!(7), "a number, not its text");
    assert_eq!(all[0]["a_field_of_a_newer_server"], json!(true), "a boolean, and never dropped");
}

/// `ConvertFrom-Json` refuses objects whose names differ by case alone, and makes a time only of
/// RFC 3339. `-o json` is the API's own, so the API's description is held against that.
#[test]
fn every_answer_makes_a_useful_object_in_powershell() {
    let document = include_str!("../../../../docs/openapi.json");
    let document: Value = serde_json::from_str(document).expect("JSON");
    let schemas = document["components"]["schemas"].as_object().expect("schemas");
    let mut times = 0;
    for (schema, about) in schemas {
        let properties = about["properties"].as_object().into_iter().flatten();
        let mut seen = HashSet::new();
        for (name, property) in properties {
            let is_plain = |letter: char| {
                letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_'
            };
            assert!(!name.is_empty() && name.chars().all(is_plain), "{schema}.{name}");
            assert!(seen.insert(name.to_lowercase()), "{schema}.{name}");
            // `pause_at` is a level, not a time.
            let is_text = property["type"].to_string().contains("\"string\"");
            if name.ends_with("_at") && is_text {
                assert_eq!(property["format"], "date-time", "{schema}.{name}: {property}");
                times += 1;
            }
            if name.starts_with("is_") || name.starts_with("has_") {
                assert_eq!(property["type"], "boolean", "{schema}.{name}: {property}");
            }
        }
    }
    assert!(times > 30, "only {times} times were found: is the document read right?");
}
