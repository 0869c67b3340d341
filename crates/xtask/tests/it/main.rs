//! Holds the edges between the crates of the workspace. A new edge is a rare, reviewed change:
//! it has to be written down here first.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// Crate folder, and the workspace crates it may import. Tests may import more.
const ALLOWED: [(&str, &[&str]); 19] = [
    ("domain", &[]),
    // Spans and their headers; whoever exports them is not its business.
    ("trace", &[]),
    // Knows no rule: what checks a trail must not need what wrote it.
    ("audit", &[]),
    ("api-types", &[]),
    ("embedded-postgres", &[]),
    ("simulator", &[]),
    ("console", &[]),
    ("store", &["audit", "domain"]),
    ("msgraph", &["domain", "trace"]),
    ("network-probe", &["domain"]),
    // What goes to addresses that people wrote down, and nothing else does.
    ("outbound", &["domain"]),
    // Providers of identities, through the one way out.
    ("oidc", &["domain", "outbound"]),
    ("scheduler", &["domain"]),
    ("api", &["audit", "domain", "store", "api-types", "trace"]),
    (
        "server",
        &[
            "audit",
            "domain",
            "store",
            "msgraph",
            "network-probe",
            "oidc",
            "outbound",
            "scheduler",
            "api",
            "console",
            "embedded-postgres",
            // It sets up the export of what the others write.
            "trace",
        ],
    ),
    // For `gate evidence`, `gate prove` and `audit verify`, which need no server.
    ("cli", &["api-types", "audit", "domain", "server", "simulator"]),
    ("gate-sim", &["domain"]),
    ("xtask", &["embedded-postgres"]),
    // For the server process that its tests kill, and for what measures it.
    ("tests", &["api-types", "audit", "domain", "server", "simulator", "store"]),
];

fn folder(path: &str) -> Option<String> {
    if path.ends_with("/tests/Cargo.toml") {
        return Some("tests".to_owned());
    }
    let (_, folder) = path.rsplit_once("/crates/")?;
    Some(folder.split('/').next()?.to_owned())
}

#[test]
fn crates_import_only_what_the_design_allows() {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .output()
        .expect("cargo runs");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo prints JSON");
    let allowed: BTreeMap<&str, BTreeSet<String>> = ALLOWED
        .iter()
        .map(|(name, edges)| (*name, edges.iter().map(|edge| (*edge).to_owned()).collect()))
        .collect();
    let packages = metadata["packages"].as_array().expect("packages");
    assert!(!packages.is_empty());
    for package in packages {
        let manifest = package["manifest_path"].as_str().expect("a manifest");
        let name = folder(manifest).expect("every crate lives under crates/");
        let edges = package["dependencies"].as_array().expect("dependencies");
        let found: BTreeSet<String> = edges
            .iter()
            .filter(|edge| edge["kind"] != "dev")
            .filter_map(|edge| edge["path"].as_str().and_then(|path| folder(&format!("{path}/"))))
            .collect();
        let may = allowed.get(name.as_str()).unwrap_or_else(|| panic!("{name} is not listed"));
        let extra: Vec<_> = found.difference(may).collect();
        assert!(extra.is_empty(), "{name} must not import {extra:?}");
    }
}
