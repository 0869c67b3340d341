//! Where a call may go (quality.md B4, SSRF).

use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::routing::get;
use outbound::{AllowList, Client, Kind, Limits, OutboundError};

use crate::play::{Names, client, limits, serve};

const ALLOWED: &str =
    "prometheus.corp 10.1.2.0/24,192.168.7.7:9090 [fd00::9]:9090 ported.corp:9090";

const NAMES: &[(&str, &[&[&str]])] = &[
    ("good.example", &[&["93.184.216.34", "2606:2800:220:1::1"]]),
    ("good.example.", &[&["93.184.216.34"]]),
    ("localhost", &[&["127.0.0.1", "::1"]]),
    ("localhost.", &[&["127.0.0.1"]]),
    ("inside.example", &[&["10.0.0.5"]]),
    ("mixed.example", &[&["93.184.216.34", "192.168.0.1"]]),
    ("six.example", &[&["::ffff:127.0.0.1"]]),
    ("metadata.google.internal", &[&["169.254.169.254"]]),
    ("127.0.0.1.nip.example", &[&["127.0.0.1"]]),
    ("network.example", &[&["10.1.2.3"]]),
    ("prometheus.corp", &[&["10.9.9.9"]]),
    ("ported.corp", &[&["10.9.9.9"]]),
    ("xn--bcher-kva.example", &[&["93.184.216.34"]]),
    ("empty.example", &[&[]]),
];

/// What is wrong with it; none: nothing.
#[expect(clippy::too_many_lines, reason = "it is a table")]
fn cases() -> Vec<(&'static str, Option<OutboundError>)> {
    use Kind::{
        LinkLocal, Loopback, Metadata, Multicast, Private, Reserved, Shared, Translated,
        UniqueLocal, Unspecified,
    };
    use OutboundError::{PlainHttp, Port, Scheme, Unknown, Url, UserInfo};
    let no = |kind| Some(OutboundError::Forbidden(kind));
    vec![
        // The world at large.
        ("https://good.example/x?y=z#part", None),
        ("https://good.example./", None),
        ("https://GOOD.example/", None),
        ("https://good.example:443/", None),
        ("https://bücher.example/", None),
        ("https://93.184.216.34/", None),
        ("https://[2606:2800:220:1::1]/", None),
        ("http://good.example/", Some(PlainHttp)),
        ("http://93.184.216.34/", Some(PlainHttp)),
        ("https://good.example:22/", Some(Port(22))),
        ("https://good.example:8443/", Some(Port(8443))),
        ("https://93.184.216.34:6379/", Some(Port(6379))),
        ("ftp://good.example/", Some(Scheme)),
        ("file:///etc/passwd", Some(Scheme)),
        ("gopher://good.example/", Some(Scheme)),
        ("good.example/", Some(Url)),
        ("https://", Some(Url)),
        ("https://nowhere.example/", Some(Unknown)),
        ("https://empty.example/", Some(Unknown)),
        // Names that lead inside.
        ("https://localhost/", no(Loopback)),
        ("https://localhost./", no(Loopback)),
        ("https://inside.example/", no(Private)),
        ("https://mixed.example/", no(Private)),
        ("https://six.example/", no(Translated)),
        ("https://metadata.google.internal/", no(Metadata)),
        ("https://127.0.0.1.nip.example/", no(Loopback)),
        // IPv4, in all the ways it can be written.
        ("https://127.0.0.1/", no(Loopback)),
        ("https://127.1/", no(Loopback)),
        ("https://127.255.255.254/", no(Loopback)),
        ("https://2130706433/", no(Loopback)),
        ("https://0x7f000001/", no(Loopback)),
        ("https://0x7f.0.0.1/", no(Loopback)),
        ("https://0177.0.0.1/", no(Loopback)),
        ("https://017700000001/", no(Loopback)),
        ("https://127.0.0.1./", no(Loopback)),
        ("https://１２７.０.０.１/", no(Loopback)),
        ("https://%31%32%37.0.0.1/", no(Loopback)),
        ("https://0/", no(Unspecified)),
        ("https://0.0.0.0/", no(Unspecified)),
        ("https://0.1.2.3/", no(Reserved)),
        ("https://10.0.0.1/", no(Private)),
        ("https://172.16.0.1/", no(Private)),
        ("https://172.31.255.255/", no(Private)),
        ("https://172.32.0.1/", None),
        ("https://192.168.0.1/", no(Private)),
        ("https://100.64.0.1/", no(Shared)),
        ("https://100.128.0.1/", None),
        ("https://169.254.1.1/", no(LinkLocal)),
        ("https://169.254.169.254/latest/meta-data", no(Metadata)),
        ("https://2852039166/", no(Metadata)),
        ("https://168.63.129.16/", no(Metadata)),
        ("https://100.100.100.200/", no(Metadata)),
        ("https://192.0.0.192/", no(Metadata)),
        ("https://224.0.0.1/", no(Multicast)),
        ("https://255.255.255.255/", no(Reserved)),
        ("https://198.18.0.1/", no(Reserved)),
        ("https://203.0.113.9/", no(Reserved)),
        ("https://256.256.256.256/", Some(Url)),
        // IPv6.
        ("https://[::1]/", no(Loopback)),
        ("https://[::]/", no(Unspecified)),
        ("https://[0:0:0:0:0:0:0:1]/", no(Loopback)),
        ("https://[::ffff:127.0.0.1]/", no(Translated)),
        ("https://[::ffff:7f00:1]/", no(Translated)),
        ("https://[::ffff:93.184.216.34]/", no(Translated)),
        ("https://[::127.0.0.1]/", no(Translated)),
        ("https://[64:ff9b::7f00:1]/", no(Translated)),
        ("https://[64:ff9b:1::a00:1]/", no(Translated)),
        ("https://[2002:7f00:1::]/", no(Translated)),
        ("https://[2001:0:1::1]/", no(Translated)),
        ("https://[fe80::1]/", no(LinkLocal)),
        ("https://[fe80::1%25eth0]/", Some(Url)),
        ("https://[fe80::1%eth0]/", Some(Url)),
        ("https://[fc00::1]/", no(UniqueLocal)),
        ("https://[fd00:ec2::254]/", no(Metadata)),
        ("https://[fec0::1]/", no(Reserved)),
        ("https://[ff02::1]/", no(Multicast)),
        ("https://[2001:db8::1]/", no(Reserved)),
        ("https://[100::1]/", no(Reserved)),
        // Who is meant is not who is read.
        ("https://good.example@127.0.0.1/", Some(UserInfo)),
        ("https://user:word@good.example/", Some(UserInfo)),
        ("https://good.example:443@10.0.0.1/", Some(UserInfo)),
        ("https://10.0.0.1#@good.example/", no(Private)),
        ("https://10.0.0.1?@good.example/", no(Private)),
        ("https://10.0.0.1\\@good.example/", Some(Url)),
        ("https:\\\\127.0.0.1/", Some(Url)),
        ("https://good.example\t/", Some(Url)),
        ("https://127.0.0.1\r\nhost: x/", Some(Url)),
        ("https:///127.0.0.1/", no(Loopback)),
        // What the operator allows.
        ("http://prometheus.corp:9090/", None),
        ("https://prometheus.corp./", Some(Unknown)),
        ("http://10.1.2.3:9090/", None),
        ("http://network.example/", None),
        ("http://10.1.3.3/", no(Private)),
        ("http://192.168.7.7:9090/", None),
        ("http://192.168.7.7:9091/", no(Private)),
        ("http://[fd00::9]:9090/", None),
        ("http://[fd00::8]:9090/", no(UniqueLocal)),
        ("http://[::ffff:10.1.2.3]/", no(Translated)),
        ("http://ported.corp:9090/", None),
        ("http://ported.corp:9091/", no(Private)),
        ("http://sub.prometheus.corp/", Some(Unknown)),
    ]
}

#[tokio::test]
async fn only_what_is_public_or_allowed_is_called() {
    let client = client(ALLOWED, Names::of(NAMES));
    let cases = cases();
    assert!(cases.len() >= 60, "{}", cases.len());
    for (url, wrong) in cases {
        let checked = client.check(url).await;
        match wrong {
            None => assert!(checked.is_ok_and(|to| !to.is_empty()), "{url}"),
            Some(wrong) => {
                let found = checked.expect_err(url);
                assert_eq!(found, wrong, "{url}");
                // The text tells nobody what a name resolves to.
                for address in ["10.0.0.5", "192.168", "169.254", "127.0"] {
                    assert!(!found.to_string().contains(address), "{found}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_name_opens_less_than_a_network_and_some_things_nothing_opens() {
    let names: &[(&str, &[&[&str]])] = &[
        ("named.corp", &[&["169.254.9.9"]]),
        ("meta.corp", &[&["169.254.169.254"]]),
        ("home.corp", &[&["127.0.0.1"]]),
    ];
    let allow = "named.corp meta.corp home.corp 169.254.0.0/16 0.0.0.0/1 224.0.0.0/4";
    let by_name = client("named.corp meta.corp home.corp", Names::of(names));
    let by_network = client(allow, Names::of(names));
    let forbidden = |kind| Err(OutboundError::Forbidden(kind));
    assert_eq!(by_name.check("http://named.corp/").await, forbidden(Kind::LinkLocal));
    assert!(by_name.check("http://home.corp:8080/").await.is_ok());
    assert!(by_network.check("http://named.corp/").await.is_ok());
    for client in [&by_name, &by_network] {
        assert_eq!(client.check("http://meta.corp/").await, forbidden(Kind::Metadata));
        assert_eq!(client.check("http://0.0.0.0/").await, forbidden(Kind::Unspecified));
        assert_eq!(client.check("http://224.0.0.9/").await, forbidden(Kind::Multicast));
    }
}

#[test]
fn entries_of_the_allow_list_are_read_or_refused() {
    for good in
        ["", " ", "a.corp", "A.corp:1, 10.0.0.0/8 ::1 [::1]:80 127.0.0.1:9", "bücher.example"]
    {
        assert!(good.parse::<AllowList>().is_ok(), "{good}");
    }
    for bad in [
        "http://a.corp",
        "10.0.0.0/0",
        "10.0.0.0/33",
        "a.corp:99999",
        "a.corp/x",
        "10.0.0.0/x",
        "*.corp",
        "2130706433",
        "a@b",
    ] {
        assert!(bad.parse::<AllowList>().is_err(), "{bad}");
    }
}

fn routes() -> Router {
    let large = || async { "x".repeat(2 << 20) };
    // Without a length, so that only reading tells.
    let endless = || async {
        let chunks: Vec<_> = (0..1 << 10).map(|_| Ok("x".repeat(1 << 16))).collect();
        Body::from_stream(Chunks(chunks.into_iter()))
    };
    let slow = || async {
        tokio::time::sleep(Duration::from_secs(30)).await;
        "late"
    };
    let moved = || async { (StatusCode::FOUND, [(header::LOCATION, "/good")]) };
    Router::new()
        .route("/good", get(|| async { "{\"good\": 1}" }))
        .route("/secret", get(|| async { (StatusCode::FORBIDDEN, "the secret body") }))
        .route("/text", get(|| async { "the secret body" }))
        .route("/large", get(large))
        .route("/endless", get(endless))
        .route("/slow", get(slow))
        .route("/moved", get(moved))
}

struct Chunks(std::vec::IntoIter<Result<String, std::io::Error>>);

impl futures_util::Stream for Chunks {
    type Item = Result<String, std::io::Error>;
    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Ready(self.0.next())
    }
}

#[tokio::test]
async fn an_answer_is_limited_and_never_quoted() {
    let address = serve(routes()).await;
    let client = Client::new(limits("127.0.0.1"));
    let get = async |path: &str| client.get(&format!("http://{address}{path}")).await;
    // Only what is slow on purpose is not waited for: the machine may be slow too.
    let hasty = Limits { timeout: Duration::from_millis(500), ..limits("127.0.0.1") };
    let hasty = Client::new(hasty);
    let good: serde_json::Value = get("/good").await.unwrap().json().unwrap();
    assert_eq!(good["good"], 1);
    assert_eq!(get("/moved").await.unwrap_err(), OutboundError::Redirect(302));
    assert_eq!(get("/large").await.unwrap_err(), OutboundError::TooLarge(1 << 20));
    assert_eq!(get("/endless").await.unwrap_err(), OutboundError::TooLarge(1 << 20));
    let slow = hasty.get(&format!("http://{address}/slow")).await.unwrap_err();
    assert!(matches!(slow, OutboundError::Timeout(_)), "{slow}");
    let refused = get("/secret").await.unwrap_err();
    assert_eq!(refused, OutboundError::Status(403));
    let text = get("/text").await.unwrap();
    let unread = text.json::<serde_json::Value>().unwrap_err();
    for shown in [refused.to_string(), unread.to_string(), format!("{text:?} {unread:?}")] {
        assert!(!shown.contains("secret"), "{shown}");
    }
}

/// A name that means another machine by the time it is called.
#[tokio::test]
async fn what_was_checked_is_what_is_called() {
    let address = serve(routes()).await;
    let port = address.port();
    let names = Names::of(&[("rebind.example", &[&["127.0.0.1"], &["10.0.0.1"]])]);
    let client = client("127.0.0.1", names.clone());
    let url = format!("http://rebind.example:{port}/good");
    client.get(&url).await.expect("it goes where the first answer says");
    assert_eq!(names.asked.load(Ordering::SeqCst), 1, "nobody asks again");
    let again = client.get(&url).await.unwrap_err();
    assert_eq!(again, OutboundError::Forbidden(Kind::Private), "the next call checks anew");
}
