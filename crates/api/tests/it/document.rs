//! The OpenAPI document: kept in `docs/`, and complete.

use std::collections::BTreeSet;
use std::path::Path;

use api::access::{RULES, Reach, role_name};
use serde_json::Value;

fn document() -> Value {
    serde_json::to_value(api::openapi()).unwrap()
}

/// Every operation of the document, as `GET /api/v1/...`.
fn operations(document: &Value) -> Vec<(String, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    paths
        .iter()
        .flat_map(|(path, item)| {
            item.as_object().unwrap().iter().map(move |(method, operation)| {
                (format!("{} {path}", method.to_uppercase()), operation)
            })
        })
        .collect()
}

#[test]
fn the_kept_document_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let kept = std::fs::read_to_string(path).unwrap();
    let current = api::openapi().to_pretty_json().unwrap();
    assert!(kept.trim_end() == current, "docs/openapi.json is stale: run `cargo xtask openapi`");
}

#[test]
fn every_operation_has_one_rule_and_says_so() {
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    let operations = operations(&document);
    let described: BTreeSet<_> = operations.iter().map(|(name, _)| name.clone()).collect();
    let ruled: BTreeSet<_> =
        RULES.iter().map(|rule| format!("{} {}", rule.method, rule.path)).collect();
    assert_eq!(ruled.len(), RULES.len(), "a rule stands twice in the table");
    assert_eq!(described, ruled);
    for rule in &RULES {
        let name = format!("{} {}", rule.method, rule.path);
        let (_, operation) = operations.iter().find(|(other, _)| *other == name).unwrap();
        assert_eq!(operation["x-access"]["role"], role_name(rule.role), "{name}");
        assert_eq!(operation["security"][0]["token"], serde_json::json!([]), "{name}");
        let is_of_tenant = rule.path.starts_with("/api/v1/tenants/{tenant}");
        assert_eq!(rule.reach == Reach::Tenant, is_of_tenant, "{name}");
    }
}

#[test]
fn every_refusal_is_a_problem() {
    let document = document();
    for (name, operation) in operations(&document) {
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with('2')), "{name}");
        for (status, response) in responses.iter().filter(|(status, _)| status.as_str() >= "4") {
            let schema = &response["content"]["application/problem+json"]["schema"]["$ref"];
            assert_eq!(schema, "#/components/schemas/Problem", "{name} {status}");
        }
    }
}

/// A field that is not known is refused, and the schema says so.
#[test]
fn inputs_are_closed() {
    let document = document();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for name in [
        "Action",
        "ConnectionInput",
        "CreateApproval",
        "CreateRelease",
        "CreateRingSet",
        "CreateRollout",
    ]
    .into_iter()
    .chain(["CreateTenant", "CreateToken", "Gate", "Promote", "Quorum", "Ring", "Waves"])
    {
        assert_eq!(schemas[name]["additionalProperties"], false, "{name}");
    }
}
