//! Tokens that programs send.

use std::time::Duration;

use domain::access::{Action, Target};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use oidc::{Endurance, Refused};
use serde_json::{Value, json};

use crate::played::{EAGER, NOW, Played, Signer, now, unsigned};

fn refused(outcome: Result<oidc::Person, Refused>) -> Refused {
    outcome.expect_err("nobody is let in")
}

#[tokio::test]
async fn each_algorithm_that_counts_lets_people_in() {
    let signers = [
        Signer::ed25519("ed"),
        Signer::p256("ec"),
        Signer::rsa(Algorithm::RS256, "rs"),
        Signer::rsa(Algorithm::PS256, "ps"),
    ];
    let played = Played::new(&signers.each_ref()).await;
    let provider = played.provider(EAGER);
    let mut ids = Vec::new();
    for signer in &signers {
        let person = provider.person(&signer.sign(&played.claims()), now()).await.unwrap();
        assert_eq!(person.name, "ana@contoso.example");
        assert!(person.grants.may(Action::Operate, Target::Service));
        assert!(person.grants.may(Action::Approve, Target::Service));
        assert!(!person.grants.may(Action::Administer, Target::Service));
        assert!(!person.grants.may(Action::Audit, Target::Service), "of a group they are not in");
        ids.push(person.id);
    }
    ids.dedup();
    assert_eq!(ids.len(), 1, "it is one person");
    assert_eq!(played.discoveries(), 1, "what is known is not asked for again");
}

#[tokio::test]
async fn what_is_not_signed_by_a_key_of_the_provider_counts_for_nothing() {
    let (ours, theirs) = (Signer::p256("ours"), Signer::p256("ours"));
    let rsa = Signer::rsa(Algorithm::RS256, "rsa");
    let played = Played::new(&[&ours, &rsa]).await;
    let provider = played.provider(EAGER);
    let claims = played.claims();
    // The oldest tricks: no signature, and the public key as a shared secret.
    let public = rsa.public["n"].as_str().unwrap().as_bytes().to_vec();
    let mut shared = Header::new(Algorithm::HS256);
    shared.kid = Some("rsa".to_owned());
    let shared =
        jsonwebtoken::encode(&shared, &claims, &EncodingKey::from_secret(&public)).unwrap();
    let good = ours.sign(&claims);
    let (head, rest) = good.split_once('.').unwrap();
    let (_, signature) = rest.split_once('.').unwrap();
    let mut more = claims.clone();
    more["groups"] = json!(["ops", "auditors"]);
    let other = ours.sign(&more);
    let payload = other.split('.').nth(1).unwrap();
    let own_key = ours.sign_as(&claims, |header| {
        header.jwk = serde_json::from_value(theirs.public.clone()).ok();
    });
    assert!(provider.person(&own_key, now()).await.is_ok(), "a key in the token is not looked at");
    let smuggled = theirs.sign_as(&claims, |header| {
        header.jwk = serde_json::from_value(theirs.public.clone()).ok();
    });
    let cases = [
        ("another key", theirs.sign(&claims)),
        ("a key it brings itself", smuggled),
        ("none", unsigned(&json!({ "alg": "none", "kid": "ours" }), &claims)),
        ("None", unsigned(&json!({ "alg": "None" }), &claims)),
        ("no signature", unsigned(&json!({ "alg": "ES256", "kid": "ours" }), &claims)),
        ("a shared secret", shared),
        ("the signature of another text", format!("{head}.{payload}.{signature}")),
        (
            "another kind",
            ours.sign_as(&claims, |header| header.typ = Some("logout+jwt".to_owned())),
        ),
        ("critical", ours.sign_as(&claims, |header| header.crit = Some(vec!["x".to_owned()]))),
        (
            "the key of another algorithm",
            Signer { id: "rsa".to_owned(), ..ours.clone() }.sign(&claims),
        ),
        ("an unknown key", Signer { id: "new".to_owned(), ..ours.clone() }.sign(&claims)),
        ("nothing", String::new()),
        ("no token", "a.b.c".to_owned()),
    ];
    for (what, token) in cases {
        let refused = refused(provider.person(&token, now()).await);
        assert!(matches!(refused, Refused::Token(_)), "{what}: {refused:?}");
        let said = format!("{refused} {refused:?}");
        assert!(token.is_empty() || !said.contains(&token), "{said}");
    }
}

#[tokio::test]
async fn a_key_without_a_name_is_found_if_it_is_the_only_one() {
    let (one, two) = (Signer::p256("one"), Signer::p256("two"));
    let rsa = Signer::rsa(Algorithm::RS256, "rsa");
    let played = Played::new(&[&one, &rsa]).await;
    let nameless = |signer: &Signer| signer.sign_as(&played.claims(), |header| header.kid = None);
    assert!(played.provider(EAGER).person(&nameless(&one), now()).await.is_ok());
    played.publish(&[&one, &two]);
    let refused = refused(played.provider(EAGER).person(&nameless(&one), now()).await);
    assert_eq!(refused, Refused::Token("the token does not say which key signed it"));
    // A key that is there to encrypt signs nothing.
    let mut encrypts = one.clone();
    encrypts.public["use"] = json!("enc");
    played.publish(&[&encrypts]);
    assert!(played.provider(EAGER).person(&nameless(&one), now()).await.is_err());
}

#[tokio::test]
async fn what_is_said_counts_for_us_in_its_time_and_for_those_with_a_role() {
    let signer = Signer::ed25519("ed");
    let played = Played::new(&[&signer]).await;
    let provider = played.provider(EAGER);
    let with = |name: &str, value: Value| {
        let mut claims = played.claims();
        claims[name] = value;
        signer.sign(&claims)
    };
    for (name, value) in [
        ("iss", json!("http://127.0.0.1:1")),
        ("aud", json!("concentric")),
        ("exp", json!(NOW - 60)),
        ("iat", json!(NOW + 61)),
        ("nbf", json!(NOW + 61)),
        ("exp", Value::Null),
    ] {
        let refused = refused(provider.person(&with(name, value.clone()), now()).await);
        assert!(matches!(refused, Refused::Token(_)), "{name} {value}: {refused:?}");
    }
    assert!(provider.person(&with("exp", json!(NOW - 59)), now()).await.is_ok(), "clocks differ");
    for groups in [json!([]), json!(["staff"]), Value::Null, json!("op"), json!(["OPS"])] {
        let refused = refused(provider.person(&with("groups", groups.clone()), now()).await);
        let Refused::Nobody { name, groups: seen } = &refused else { panic!("{refused:?}") };
        assert_eq!(name, "ana@contoso.example");
        assert!(
            !refused.to_string().contains("staff"),
            "groups are for the log: {refused} {seen:?}"
        );
    }
}

#[tokio::test]
async fn new_keys_are_found_and_nobody_makes_us_ask_all_the_time() {
    let (old, new) = (Signer::p256("old"), Signer::p256("new"));
    let played = Played::new(&[&old]).await;
    let provider = played.provider(EAGER);
    provider.person(&old.sign(&played.claims()), now()).await.unwrap();
    played.publish(&[&new]);
    provider.person(&new.sign(&played.claims()), now()).await.unwrap();
    assert_eq!(played.discoveries(), 2);
    let gone = refused(provider.person(&old.sign(&played.claims()), now()).await);
    assert_eq!(gone, Refused::Token("the token is signed by a key that is not known"));

    let slow = Endurance { pause: Duration::from_hours(1), ..EAGER };
    let provider = played.provider(slow);
    let before = played.discoveries();
    provider.person(&new.sign(&played.claims()), now()).await.unwrap();
    for number in 0..50 {
        let made_up = Signer { id: format!("made-up-{number}"), ..old.clone() };
        refused(provider.person(&made_up.sign(&played.claims()), now()).await);
    }
    assert_eq!(played.discoveries(), before + 1, "whatever keys are named");
    provider.person(&new.sign(&played.claims()), now()).await.unwrap();
}

#[tokio::test]
async fn a_provider_that_is_down_is_believed_for_a_while() {
    let signer = Signer::p256("one");
    let played = Played::new(&[&signer]).await;
    let down = |is_down| played.says.lock().unwrap().is_down = is_down;
    let token = signer.sign(&played.claims());
    down(true);
    let provider = played.provider(Endurance { fresh: Duration::ZERO, ..EAGER });
    let refused = refused(provider.person(&token, now()).await);
    assert!(matches!(refused, Refused::Provider { .. }), "{refused:?}");
    down(false);
    provider.person(&token, now()).await.unwrap();
    down(true);
    provider.person(&token, now()).await.unwrap();
    let provider =
        played.provider(Endurance { fresh: Duration::ZERO, stale: Duration::ZERO, ..EAGER });
    down(false);
    provider.person(&token, now()).await.unwrap();
    down(true);
    assert!(provider.person(&token, now()).await.is_err(), "not for ever");
}

#[tokio::test]
async fn a_provider_speaks_for_itself() {
    let signer = Signer::p256("one");
    let played = Played::new(&[&signer]).await;
    let token = signer.sign(&played.claims());
    let says = |metadata: Value| played.says.lock().unwrap().metadata = metadata;
    says(json!({ "issuer": "https://other.example" }));
    let refused = refused(played.provider(EAGER).person(&token, now()).await);
    assert!(matches!(refused, Refused::Untrusted(_)), "{refused:?}");
    // Where it sends us goes through the guard: what is on this machine, but not the provider, is closed.
    says(json!({ "jwks_uri": "http://127.0.0.1:9/keys" }));
    let guarded = played.provider(EAGER).person(&token, now()).await.expect_err("it is closed");
    let Refused::Provider { why: outbound::OutboundError::Forbidden(_), .. } = guarded else {
        panic!("{guarded:?}")
    };
}
