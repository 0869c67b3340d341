//! The token endpoint: secrets, and assertions signed with a certificate's key.

use std::path::PathBuf;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::Client;
use serde_json::{Value, json};
use simulator::{Config, DEFAULT_CLIENT_ID, DEFAULT_TENANT, Simulator};
use uuid::Uuid;

use crate::tenant::{Tenant, token};

#[tokio::test]
async fn a_token_is_needed_and_the_secret_must_be_right() {
    let mut tenant = Tenant::start(1.0).await;
    let answer = token(&tenant.simulator, &tenant.http, "wrong").await;
    assert_eq!(answer.status(), 401);
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["error_codes"], json!([7_000_215]));
    assert_eq!(tenant.call("GET", "/v1.0/devices", None).await.0, 200);
    "nonsense".clone_into(&mut tenant.token);
    let (status, body) = tenant.call("GET", "/v1.0/devices", None).await;
    assert_eq!((status, &body["error"]["code"]), (401, &json!("InvalidAuthenticationToken")));
}

/// A private key and its public half, in PEM.
fn keys() -> (String, String) {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let file = folder.join(format!("{}.pem", Uuid::new_v4()));
    let openssl = |arguments: &[&str]| {
        let output = Command::new("openssl").args(arguments).arg(&file).output();
        let output = output.expect("openssl is installed");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    openssl(&["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out"]);
    let private = std::fs::read_to_string(&file).unwrap();
    let public = openssl(&["pkey", "-pubout", "-in"]);
    std::fs::remove_file(&file).unwrap();
    (private, public)
}

/// Asks for a token with these claims; the status, and the token or the error number.
async fn ask(
    simulator: &Simulator,
    key: &str,
    algorithm: Algorithm,
    claims: &Value,
) -> (u16, Value) {
    let key = EncodingKey::from_rsa_pem(key.as_bytes()).unwrap();
    let assertion = jsonwebtoken::encode(&Header::new(algorithm), claims, &key).unwrap();
    let url = format!("{}/{DEFAULT_TENANT}/oauth2/v2.0/token", simulator.base_url());
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", &DEFAULT_CLIENT_ID.to_string()),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", &assertion),
        ("scope", "https://graph.microsoft.com/.default"),
    ];
    let answer = Client::new().post(url).form(&form).send().await.unwrap();
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap();
    (status, if status == 200 { body["access_token"].clone() } else { body["error_codes"].clone() })
}

#[tokio::test]
async fn an_assertion_opens_the_door_only_when_everything_in_it_is_right() {
    let (private, public) = keys();
    let config = Config { client_public_key_pem: Some(public), ..Config::default() };
    let simulator = Simulator::start(config).await.unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let client = DEFAULT_CLIENT_ID.to_string();
    let good = json!({ "iss": client, "sub": client, "nbf": now, "exp": now + 300,
        "aud": format!("{}/{DEFAULT_TENANT}/oauth2/v2.0/token", simulator.base_url()),
        "jti": Uuid::new_v4() });
    for algorithm in [Algorithm::RS256, Algorithm::PS256] {
        let (status, token) = ask(&simulator, &private, algorithm, &good).await;
        assert_eq!(status, 200, "{token}");
        let url = format!("{}/v1.0/devices?$top=1", simulator.base_url());
        let answer = Client::new().get(url).bearer_auth(token.as_str().unwrap()).send().await;
        assert_eq!(answer.unwrap().status(), 200);
    }
    let (other, _) = keys();
    let refused = (401, json!([700_027]));
    assert_eq!(ask(&simulator, &other, Algorithm::RS256, &good).await, refused, "other key");
    for (name, value) in [
        ("aud", json!("https://login.example/other/oauth2/v2.0/token")),
        ("exp", json!(now - 120)),
        ("nbf", json!(now + 3_600)),
        ("iss", json!(Uuid::new_v4())),
        ("sub", json!(Uuid::new_v4())),
        ("jti", json!("")),
    ] {
        let mut bad = good.clone();
        bad[name] = value;
        assert_eq!(ask(&simulator, &private, Algorithm::RS256, &bad).await, refused, "{name}");
    }
}

#[tokio::test]
async fn without_a_certificate_no_assertion_is_good() {
    let (private, _) = keys();
    let simulator = Simulator::start(Config::default()).await.unwrap();
    let answer = ask(&simulator, &private, Algorithm::RS256, &json!({ "jti": "1" })).await;
    assert_eq!(answer, (401, json!([700_027])));
}
