//! The way of a browser to the provider and back.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use oidc::{Leaving, Provider, Refused, Returned};
use serde_json::{Value, json};

use crate::played::{EAGER, Played, SECRET, Signer, now};

const BACK: &str = "https://updates.example/auth/callback";

struct Way {
    played: Played,
    signer: Signer,
    provider: Provider,
    leaving: Leaving,
    sent: HashMap<String, String>,
}

impl Way {
    async fn new(more: &str) -> Self {
        let signer = Signer::ed25519("ed");
        let played = Played::new(&[&signer]).await;
        let provider = played.provider_with(EAGER, more);
        let leaving = provider.begin(BACK, "/rollouts?state=paused", now()).await.unwrap();
        let sent = leaving.location.query_pairs().into_owned().collect();
        let way = Self { played, signer, provider, leaving, sent };
        way.answer_with(&[]);
        way
    }

    /// The ID token is right but for this.
    fn answer_with(&self, change: &[(&str, Value)]) {
        let mut claims = self.played.claims();
        claims["aud"] = json!("concentric");
        claims["nonce"] = json!(self.sent["nonce"]);
        for (name, value) in change {
            claims[*name] = value.clone();
        }
        self.played.says.lock().unwrap().id_token = self.signer.sign(&claims);
    }

    fn returned(&self) -> Returned {
        let text = |text: &str| Some(text.to_owned());
        Returned { code: text("good"), state: text(&self.sent["state"]), ..Returned::default() }
    }

    async fn finish(&self, returned: Returned) -> Result<(oidc::Person, String), Refused> {
        self.provider.finish(BACK, &self.leaving.sealed, returned, now()).await
    }
}

#[tokio::test]
async fn a_browser_goes_and_comes_back_as_somebody() {
    let way = Way::new("client_secret_file = 'secret'\nscopes = ['profile', 'groups']").await;
    let sent = |name: &str| way.sent[name].as_str();
    assert!(way.leaving.location.as_str().starts_with(&format!("{}/auth?a=b&", way.played.issuer)));
    assert_eq!((sent("response_type"), sent("client_id")), ("code", "concentric"));
    assert_eq!((sent("redirect_uri"), sent("scope")), (BACK, "openid profile groups"));
    assert_eq!(sent("code_challenge_method"), "S256");
    let (person, path) = way.finish(way.returned()).await.unwrap();
    assert_eq!(
        (person.name.as_str(), path.as_str()),
        ("ana@contoso.example", "/rollouts?state=paused")
    );
    let says = way.played.says.lock().unwrap();
    let told = |name: &str| says.told.get(name).map(String::as_str);
    assert_eq!(told("grant_type"), Some("authorization_code"));
    assert_eq!((told("code"), told("redirect_uri")), (Some("good"), Some(BACK)));
    let verifier = told("code_verifier").unwrap();
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, verifier.as_bytes());
    let challenge = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(digest);
    assert_eq!(challenge, sent("code_challenge"));
    assert_eq!((told("client_secret"), told("client_id")), (None, None));
    let login = says.authorization.as_deref().unwrap().strip_prefix("Basic ").unwrap();
    let login = String::from_utf8(STANDARD.decode(login).unwrap()).unwrap();
    assert_eq!(login, "concentric:a+secret+%26+more");
    // None of the secrets is in what the browser carries in the clear.
    let seen = format!("{} {}", way.leaving.location, way.leaving.sealed);
    assert!(!seen.contains(verifier) && !seen.contains(SECRET));
}

#[tokio::test]
async fn a_client_logs_in_as_its_provider_wants() {
    let way = Way::new("").await;
    way.finish(way.returned()).await.unwrap();
    let told = way.played.says.lock().unwrap().told.clone();
    assert_eq!(told["client_id"], "concentric", "without a secret");
    let signer = Signer::ed25519("ed");
    let played = Played::new(&[&signer]).await;
    let methods = json!({ "token_endpoint_auth_methods_supported": ["client_secret_post"] });
    played.says.lock().unwrap().metadata = methods;
    let provider = played.provider_with(EAGER, "client_secret_file = 'secret'");
    let leaving = provider.begin(BACK, "/", now()).await.unwrap();
    let sent: HashMap<String, String> = leaving.location.query_pairs().into_owned().collect();
    let way = Way { played, signer, provider, leaving, sent };
    way.answer_with(&[]);
    way.finish(way.returned()).await.unwrap();
    let says = way.played.says.lock().unwrap();
    assert_eq!((says.told["client_secret"].as_str(), &says.authorization), (SECRET, &None));
}

#[tokio::test]
async fn only_this_browser_comes_back_and_only_from_this_provider() {
    let way = Way::new("").await;
    let text = |text: &str| Some(text.to_owned());
    let other = way.provider.begin(BACK, "/", now()).await.unwrap();
    let sealed = way.provider.finish(BACK, &other.sealed, way.returned(), now()).await;
    assert!(matches!(sealed, Err(Refused::Login(_))), "the cookie of another sign-in");
    for returned in [
        Returned { state: None, ..way.returned() },
        Returned { state: text("guess"), ..way.returned() },
        Returned { code: None, ..way.returned() },
        Returned { code: text("bad"), ..way.returned() },
        Returned { iss: text("https://other.example"), ..way.returned() },
    ] {
        let refused = way.finish(returned.clone()).await;
        assert!(matches!(refused, Err(Refused::Login(_))), "{refused:?}");
    }
    let late = now() + TimeDelta::seconds(600);
    let late = way.provider.finish(BACK, &way.leaving.sealed, way.returned(), late).await;
    assert!(matches!(late, Err(Refused::Login(_))), "{late:?}");
    for (code, said) in [("access_denied", "access_denied"), ("<b>", "an error of its own")] {
        let declined =
            way.finish(Returned { code: None, error: text(code), ..way.returned() }).await;
        assert_eq!(declined.unwrap_err(), Refused::Declined(said));
    }
    way.finish(Returned { iss: text(&way.played.issuer), ..way.returned() }).await.unwrap();
    // RFC 9207: whoever says that it names itself has to.
    let signer = Signer::ed25519("ed");
    let played = Played::new(&[&signer]).await;
    let says = json!({ "authorization_response_iss_parameter_supported": true });
    played.says.lock().unwrap().metadata = says;
    let provider = played.provider(EAGER);
    let leaving = provider.begin(BACK, "/", now()).await.unwrap();
    let sent: HashMap<String, String> = leaving.location.query_pairs().into_owned().collect();
    let way = Way { played, signer, provider, leaving, sent };
    way.answer_with(&[]);
    assert!(matches!(way.finish(way.returned()).await, Err(Refused::Login(_))));
    way.finish(Returned { iss: text(&way.played.issuer), ..way.returned() }).await.unwrap();
}

#[tokio::test]
async fn an_id_token_answers_this_sign_in() {
    let way = Way::new("").await;
    for change in [
        ("nonce", json!("another")),
        ("nonce", Value::Null),
        ("aud", json!("the-api")),
        ("aud", json!(["concentric", "others"])),
        ("azp", json!("others")),
        ("iss", json!("https://other.example")),
        ("exp", json!(0)),
    ] {
        way.answer_with(std::slice::from_ref(&change));
        let refused = way.finish(way.returned()).await;
        assert!(matches!(refused, Err(Refused::Token(_))), "{change:?}: {refused:?}");
    }
    way.answer_with(&[("groups", json!(["staff"]))]);
    assert!(matches!(way.finish(way.returned()).await, Err(Refused::Nobody { .. })));
}

#[tokio::test]
async fn groups_are_asked_for_where_the_token_has_none() {
    let way = Way::new("").await;
    way.answer_with(&[("groups", Value::Null), ("preferred_username", Value::Null)]);
    let person = |person: Value| way.played.says.lock().unwrap().person = person;
    person(json!({ "sub": "42", "groups": ["ops"], "preferred_username": "ana" }));
    let (found, _) = way.finish(way.returned()).await.unwrap();
    assert_eq!(found.name, "ana");
    person(json!({ "sub": "43", "groups": ["ops"] }));
    let refused = way.finish(way.returned()).await;
    assert!(matches!(refused, Err(Refused::Untrusted(_))), "{refused:?}");
    person(json!({ "sub": "42" }));
    assert!(matches!(way.finish(way.returned()).await, Err(Refused::Nobody { .. })));
}
