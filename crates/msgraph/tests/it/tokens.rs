//! Tokens: one for all, renewed once when refused, never shown.
//!
//! Uses a key pair that openssl makes on the spot.

use std::process::Command;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use msgraph::{Client, Credential, GraphError};
use serde_json::{Value, json};

use crate::fake::{Fake, SECRET, bytes, limits, refusal, reply, token};

#[tokio::test]
async fn many_calls_share_one_token_request() {
    let fake = Fake::start(|_| reply(200, &json!({}))).await;
    let client = fake.client();
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.verify().await })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    let tokens = fake.tokens();
    assert_eq!(tokens.len(), 1);
    assert_eq!(tokens[0].path, "/00000000-0000-0000-0000-000000000001/oauth2/v2.0/token");
    assert!(tokens[0].body.contains("grant_type=client_credentials"));
    assert!(tokens[0].body.contains("scope=https%3A%2F%2Fgraph.microsoft.com%2F.default"));
    assert!(tokens[0].body.contains("client_secret=s3cr3t-value"));
}

#[tokio::test]
async fn a_refused_token_is_renewed_once() {
    let fake = Fake::start(|seen| match seen.auth.as_deref() {
        Some("Bearer token-1") => reply(200, &json!({})),
        _ => refusal(401, "InvalidAuthenticationToken", "expired"),
    })
    .await;
    fake.client().verify().await.unwrap();
    assert_eq!(fake.tokens().len(), 2);
}

#[tokio::test]
async fn a_second_refusal_is_final() {
    let fake = Fake::start(|_| refusal(401, "InvalidAuthenticationToken", "no")).await;
    let error = fake.client().verify().await.unwrap_err();
    assert_eq!(error, GraphError::Unauthorized);
    assert!(error.is_configuration() && !error.is_transient());
    assert_eq!((fake.tokens().len(), fake.calls().len()), (2, 2));
}

#[tokio::test]
async fn the_login_says_why_but_the_secret_stays_inside() {
    let body = json!({"error": "invalid_client",
        "error_description": format!("AADSTS7000215: wrong secret {SECRET}"),
        "error_codes": [7_000_215]});
    let fake = Fake::start_all(move |_| reply(401, &body)).await;
    let error = fake.client().verify().await.unwrap_err();
    let GraphError::Token { code, description } = &error else { panic!("{error:?}") };
    assert_eq!(code, "invalid_client");
    assert!(description.starts_with("AADSTS7000215"));
    assert!(error.is_configuration());
    for text in [format!("{error:?}"), error.to_string(), format!("{:?}", fake.connection())] {
        assert!(!text.contains(SECRET), "{text}");
    }
    assert!(!format!("{:?}", fake.client()).contains(SECRET));
}

#[tokio::test]
async fn a_broken_token_answer_does_not_leak_it() {
    let broken = r#"{"access_token": "tok-secret", "expires_in": "tok-secret"}"#;
    let fake = Fake::start_all(move |_| bytes(200, broken)).await;
    let error = fake.client().verify().await.unwrap_err();
    assert!(matches!(error, GraphError::Decode { .. }));
    assert!(!format!("{error:?} {error}").contains("tok-secret"));
}

#[tokio::test]
async fn a_login_that_is_down_is_asked_again() {
    let fake = Fake::start_all(|seen| match (seen.is_token(), seen.nth) {
        (true, 0) => bytes(503, "down"),
        (true, nth) => token(nth),
        (false, _) => reply(200, &json!({})),
    })
    .await;
    fake.client().verify().await.unwrap();
}

fn openssl(arguments: &[&str]) -> String {
    let output = Command::new("openssl").args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn a_certificate_signs_an_assertion() {
    let key = openssl(&["genrsa", "2048"]);
    let folder = std::env::temp_dir().join(format!("msgraph-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir(&folder).unwrap();
    let file = folder.join("key.pem");
    std::fs::write(&file, &key).unwrap();
    let file = file.to_str().unwrap();
    let certificate = openssl(&["req", "-new", "-x509", "-key", file, "-subj", "/CN=test"]);
    std::fs::remove_dir_all(&folder).unwrap();

    let fake = Fake::start(|_| reply(200, &json!({}))).await;
    let mut connection = fake.connection();
    connection.credential = Credential::Certificate {
        certificate_pem: certificate.clone(),
        private_key_pem: key.clone().into(),
    };
    assert!(!format!("{connection:?}").contains("PRIVATE KEY"));
    Client::new(connection, limits()).unwrap().verify().await.unwrap();

    let form = fake.tokens()[0].body.clone();
    assert!(form.contains("client-assertion-type%3Ajwt-bearer"));
    let assertion = form.split("client_assertion=").nth(1).unwrap();
    let parts: Vec<Value> = assertion
        .split('.')
        .take(2)
        .map(|part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap())
        .collect();
    let der: String = certificate.lines().filter(|line| !line.starts_with('-')).collect();
    let thumbprint = digest(&SHA256, &STANDARD.decode(der).unwrap());
    assert_eq!(parts[0]["alg"], "RS256");
    assert_eq!(parts[0]["x5t#S256"], URL_SAFE_NO_PAD.encode(thumbprint));
    let endpoint = fake.url.join("/00000000-0000-0000-0000-000000000001/oauth2/v2.0/token");
    assert_eq!(parts[1]["aud"], endpoint.unwrap().as_str());
    assert_eq!(parts[1]["sub"], parts[1]["iss"]);
    assert_eq!(parts[1]["exp"].as_i64().unwrap() - parts[1]["nbf"].as_i64().unwrap(), 300);
}

#[test]
fn a_credential_that_is_none_is_a_configuration_error() {
    let credential = Credential::Certificate {
        certificate_pem: "none".to_owned(),
        private_key_pem: "none".to_owned().into(),
    };
    let url: msgraph::Url = "https://localhost".parse().unwrap();
    let connection = msgraph::Connection {
        entra_tenant: uuid::Uuid::nil().into(),
        client_id: uuid::Uuid::nil(),
        credential,
        graph_url: url.clone(),
        login_url: url,
    };
    let error = Client::new(connection, limits()).unwrap_err();
    assert!(error.is_configuration());
}
