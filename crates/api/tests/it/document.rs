//! The OpenAPI document: kept in `docs/`, and complete.

use std::collections::BTreeSet;
use std::path::Path;

use api::access::{RULES, Reach};
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
    let current = api::openapi().to_pretty_json().unwrap();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, format!("{current}\n")).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap();
    assert!(kept.trim_end() == current, "docs/openapi.json is stale: run `cargo xtask openapi`");
}

/// The table of who may do what stands in the docs as it is in the code. `UPDATE_DOCS=1` writes it.
#[test]
fn the_table_of_access_is_in_the_docs() {
    use std::fmt::Write as _;

    use domain::access::{Action, Role};

    let mut text = String::from(ACCESS);
    text.push_str("\n| role |");
    for action in Action::ALL {
        write!(text, " {} |", action.name()).unwrap();
    }
    text.push_str("\n|---|");
    text.push_str(&"---|".repeat(Action::ALL.len()));
    for role in Role::ALL {
        write!(text, "\n| `{}` |", role.name()).unwrap();
        for action in Action::ALL {
            text.push_str(if role.may(action) { " yes |" } else { "  |" });
        }
    }
    text.push_str("\n\n| action | covers |\n|---|---|\n");
    for action in Action::ALL {
        writeln!(text, "| {} | {} |", action.name(), action.meaning()).unwrap();
    }
    text.push_str("\n## Every route\n\n| route | action | reach |\n|---|---|---|\n");
    for rule in &RULES {
        let (method, path) = (&rule.method, rule.path);
        writeln!(text, "| `{method} {path}` | {} | {} |", rule.action.name(), rule.reach.name())
            .unwrap();
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/access.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(kept == text, "docs/access.md is stale: run the test with UPDATE_DOCS=1");
}

const ACCESS: &str = "\
# Who may do what

<!-- Made from the tables by crates/api/tests/it/document.rs; UPDATE_DOCS=1 writes it. -->

Every request needs a token; what stands in no row of the table below is refused. A token has one or more **roles**, and reaches every tenant,
one tenant, or some ring sets of one. A token of some ring sets looks at the whole tenant and acts on those alone. What belongs to a tenant that
a token does not reach is answered as if it were not there.

- Everybody whose work can put something on devices may stop it, and a stop is never told to wait: pausing is exempt from rate limits.
- `resume` of what a person paused takes an operator; of what the **service** paused, a release manager.
- Nobody approves their own rollout, whatever their roles.
- Nobody can make a token that reaches further than what they administer. A token ends after 90 days if not said otherwise, 365 at most; it is
  shown once, kept as a hash, and refused from the moment it is revoked.
- Tokens that are made and revoked stand in the history of their tenant, or in that of the service.

```
curl -X POST \"$CONCENTRIC_URL/api/v1/tokens\" -H \"Authorization: Bearer $CONCENTRIC_TOKEN\" -H 'Content-Type: application/json' \\
  -d '{\"name\": \"night shift\", \"roles\": [\"operator\"], \"tenant_id\": \"...\", \"valid_days\": 90}'
```

## Browsers

A browser has a **session** in place of a token: 256 random bits in a cookie that no script can read, kept in the database as a hash.

| | |
|---|---|
| `GET /auth/session` | who the browser is signed in as, and how it could sign in; never refused |
| `POST /auth/session` `{\"token\": \"con_...\"}` | exchanges an API token for a session that may do as much, and ends with it |
| `POST /auth/logout` | ends the session at once |

- It ends 8 hours after its begin, and half an hour after its last request. Both are the wall's time, also where the service's clock runs fast.
- Signing in ends the session that the browser had. Who signs in and out stands in the history.
- The cookie is `__Host-concentric-session`, `Secure`, where `--public-url` is https. Over http only a loopback address will do; there it is
  `concentric-session`, without `Secure`. Elsewhere nobody can sign in.
- The cookie is `SameSite=Strict`; a change by cookie also needs the header `X-Requested-With: concentric`, and an `Origin`, if there is one, of our own.
  A token in `Authorization` goes before a cookie, and needs none of this.

## People

With `concentric serve --oidc-config FILE` (or `CONCENTRIC_OIDC_CONFIG`), people sign in at an OpenID Connect provider: Entra ID, Keycloak, Okta, any
that publishes `/.well-known/openid-configuration`. The file is TOML, or JSON if it is called so:

```toml
issuer = \"https://login.example.com\"           # as the provider writes it, to the last slash
client_id = \"concentric\"
client_secret_file = \"oidc.secret\"             # beside this file; leave it out for a public client
scopes = [\"openid\", \"profile\", \"groups\"]       # if not given: openid, profile, email
audience = \"https://updates.example.com\"       # of tokens that are sent to the API; if not given: the client_id
groups_claim = \"groups\"                        # or a JSON pointer, such as /realm_access/roles
name_claim = \"preferred_username\"              # what changes are signed with; else email, else sub

[[grants]]
group = \"update-operators\"
roles = [\"operator\", \"approver\"]

[[grants]]
group = \"branch-managers\"
roles = [\"release_manager\"]
tenant_id = \"0197e6a0-4c1f-7d3e-9a55-2f6b8c1d0e42\"
ring_set_ids = [\"0197e6a0-4c1f-7d3e-9a55-2f6b8c1d0e43\"]
```

Register `<public URL>/auth/callback` as the redirect address. A file that makes no sense keeps the service from starting, and all that is wrong
with it is said at once. The provider is asked when somebody comes, so the service starts without it.

- **Browsers** go to `GET /auth/login?return_to=/path` and come back to `/auth/callback`: authorization code with PKCE, state, nonce and, where the
  provider names itself in its answer, RFC 9207. Groups that are not in the ID token are read from the userinfo endpoint. A session keeps the groups that
  somebody had when they signed in, for 8 hours at most; `DELETE /api/v1/sessions/{session}` ends one at once, and whoever administers the service
  lists them with `GET /api/v1/sessions`.
- **Programs** send a JSON web token of the provider in `Authorization: Bearer`: an access token for `audience` (RFC 9068), or, where no audience is
  named, also an ID token for the client, which is what some providers have. Its groups count as they stand in it.
- Signatures count by RS256, PS256, ES256 or EdDSA and by a key that the provider publishes; keys are read again when a token names a new one, every 10 seconds
  at most, and hold for a day when the provider does not answer. Issuer, audience and times are held, with 60 seconds for clocks that differ.
- Whoever is in no group of the file is turned away. Which groups they are in stands in the log, and nowhere else.
- The host of the issuer is allowed by being named; what the provider refers to beyond it has to be public, or in `CONCENTRIC_OUTBOUND_ALLOW`.
";

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
        assert_eq!(operation["x-access"]["action"], rule.action.name(), "{name}");
        assert_eq!(operation["security"][0]["token"], serde_json::json!([]), "{name}");
        let is_of_tenant = rule.path.starts_with("/api/v1/tenants/{tenant}");
        let is_general = matches!(rule.reach, Reach::Own | Reach::Service);
        assert_eq!(is_general, !is_of_tenant, "{name}");
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
