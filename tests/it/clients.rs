//! Programs of others against a running server: a Python client generated from the OpenAPI document drives
//! a rollout, and schemathesis tries what the document allows and what it does not.
//!
//! Needs the Python tools in `tests/clients/requirements.txt`, which `cargo xtask test` installs and names
//! in `CONCENTRIC_PYTHON`. Without them this says so and does nothing.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use simulator::{DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET, DEFAULT_TENANT, Scenario};
use tokio::process::Command;

use crate::stack::{Api, Stack, Wish, three_rings};

/// Cases for each operation: enough to meet every kind of input; the long mode asks for more.
const EXAMPLES: &str = "8";

fn python() -> Option<PathBuf> {
    let found = std::env::var_os("CONCENTRIC_PYTHON").map(PathBuf::from);
    if found.is_none() {
        eprintln!("NOT RUN: no Python tools; `cargo xtask test` installs them");
    }
    found
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace")
}

async fn output(command: &mut Command) -> String {
    let output = command.kill_on_drop(true).output().await.expect("it runs");
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "{command:?}\n{text}");
    text
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_generated_client_drives_a_rollout() {
    let Some(python) = python() else { return };
    let bin = python.parent().expect("a directory of programs").to_path_buf();
    let stack =
        Stack::new(Wish { devices: 300, speed: 40_000.0, scenario: Scenario::Healthy }).await;
    let server = stack.serve().await;
    let token = server.first_token().expect("a first token");
    let work = std::env::temp_dir().join(format!("concentric-client-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir(&work).expect("a directory");
    let document = repository().join("docs/openapi.json");
    let said = output(
        Command::new(bin.join("openapi-python-client"))
            .args(["generate", "--meta", "none", "--path"])
            .arg(&document)
            .arg("--output-path")
            .arg(work.join("concentric_client")),
    )
    .await;
    assert!(!said.contains("Unable to"), "a part of the document could not be used: {said}");
    let url = stack.simulator.base_url();
    let given = json!({
        "token": token,
        "ring_set": three_rings(),
        "tenant": { "name": "contoso", "connection": {
            "entra_tenant_id": DEFAULT_TENANT, "client_id": DEFAULT_CLIENT_ID,
            "credential": { "kind": "secret", "secret": DEFAULT_CLIENT_SECRET },
            "graph_url": url, "login_url": url } },
    });
    let file = work.join("given.json");
    std::fs::write(&file, given.to_string()).expect("it is written");
    let said = output(
        Command::new(&python)
            .arg(repository().join("tests/clients/drive.py"))
            .arg(format!("http://{}", server.address()))
            .arg(&file)
            .env("PYTHONPATH", &work)
            .env("PYTHONDONTWRITEBYTECODE", "1"),
    )
    .await;
    assert!(said.contains("completed over"), "{said}");
    let _ = std::fs::remove_dir_all(work);
    server.shutdown().await;
    stack.end().await;
}

/// Things that are there, so that more than "there is no such tenant" is tried; and no long waits.
fn config_with(tenant: &str, rollout: &api_types::Rollout) -> String {
    let kept = repository().join("tests/clients/schemathesis.toml");
    let kept = std::fs::read_to_string(kept).expect("it is there");
    format!(
        "{kept}\n[parameters]\n\"path.tenant\" = \"{tenant}\"\n\"path.rollout\" = \"{}\"\n\
         \"path.ring_set\" = \"{}\"\n\"path.release\" = \"{}\"\n\"query.wait\" = \"0s\"\n",
        rollout.id, rollout.ring_set_id, rollout.release_id
    )
}

/// No fault of the service and no answer that the document does not describe, whatever is sent.
/// `CONCENTRIC_SCHEMATHESIS=N` is the long mode: N cases for each operation, others each time. Without it
/// they are drawn the same way every time, so that a change is blamed for what it did.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn schemathesis_finds_no_fault() {
    let Some(python) = python() else { return };
    let stack = Stack::new(Wish { devices: 100, speed: 1.0, scenario: Scenario::Healthy }).await;
    let server = stack.serve().await;
    let token = server.first_token().expect("a first token");
    let api = Api::new(server.address(), token);
    let started = api.start_rollout(&stack.simulator, "pause").await;
    let rollout: api_types::Rollout = api.get(&started.path).await;
    let tenant = started.path.split('/').nth(2).expect("a path of a tenant");
    // What it remembers of one run is not to bend the next.
    let work = std::env::temp_dir().join(format!("schemathesis-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir(&work).expect("a directory");
    let config = work.join("schemathesis.toml");
    std::fs::write(&config, config_with(tenant, &rollout)).expect("it is written");
    let long = std::env::var("CONCENTRIC_SCHEMATHESIS").ok();
    let examples = long.as_deref().unwrap_or(EXAMPLES);
    let address = format!("http://{}", server.address());
    for authorized in [true, false] {
        let mut command = Command::new(python.with_file_name("schemathesis"));
        command
            .current_dir(&work)
            .arg("--config-file")
            .arg(&config)
            .arg("run")
            .arg(repository().join("docs/openapi.json"))
            .args(["--url", &address, "--max-examples", examples])
            // It would find its own token in the list, and revoke it.
            .args(["--exclude-operation-id", "token_revoke"]);
        if long.is_none() {
            command.args(["--seed", "1"]);
        }
        if authorized {
            command.args(["-H", &format!("Authorization: Bearer {token}")]);
        }
        let said = output(&mut command).await;
        println!("{}", said.lines().rev().take(25).collect::<Vec<_>>().join("\n"));
    }
    let _ = std::fs::remove_dir_all(work);
    let healthy: Value = api.get("/whoami").await;
    assert_eq!(healthy["name"], "first");
    server.shutdown().await;
    stack.end().await;
}
