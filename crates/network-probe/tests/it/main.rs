//! Addresses on loopback, one for each way to be reached or not.

mod servers;

use std::time::Duration;

use domain::readiness::network::{Probed, Reached, Trust};
use network_probe::{NotAProxy, Options, Proxy, Target, Tls, probe};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use tokio_rustls::rustls::version::{TLS12, TLS13};
use url::Url;

fn options() -> Options {
    let authority = include_bytes!("certificates/authority.pem");
    let authority = CertificateDer::from_pem_slice(authority).expect("a certificate");
    let tls = Tls::trusting([authority]).expect("TLS");
    Options { timeout: Duration::from_secs(5), ..Options::new(tls) }
}

fn localhost(port: u16) -> Target {
    Target { host: "localhost".to_owned(), port, trust: Trust::Public }
}

async fn reached(target: Target, options: &Options) -> Reached {
    let mut probed = probe(&[target], options).await;
    probed.pop().expect("one answer").reached
}

fn version(reached: &Reached) -> &str {
    match reached {
        Reached::Tls { version, .. } => version,
        Reached::NoName { .. } | Reached::NoConnection { .. } | Reached::NoTls { .. } => {
            panic!("{reached:?}")
        }
    }
}

fn no_tls(reached: Reached) -> String {
    match reached {
        Reached::NoTls { why } => why,
        Reached::NoName { .. } | Reached::NoConnection { .. } | Reached::Tls { .. } => {
            panic!("{reached:?}")
        }
    }
}

fn no_connection(reached: Reached) -> String {
    match reached {
        Reached::NoConnection { why } => why,
        Reached::NoName { .. } | Reached::NoTls { .. } | Reached::Tls { .. } => {
            panic!("{reached:?}")
        }
    }
}

fn through(address: &str, port: u16) -> Options {
    let address = Url::parse(&format!("{address}:{port}")).expect("an address");
    Options { proxy: Some(Proxy::try_from(&address).expect("a proxy")), ..options() }
}

#[tokio::test]
async fn the_version_agreed_on_is_told() {
    let (newer, older) = (servers::tls(&TLS13).await, servers::tls(&TLS12).await);
    assert_eq!(version(&reached(localhost(newer), &options()).await), "1.3");
    assert_eq!(version(&reached(localhost(older), &options()).await), "1.2");
}

#[tokio::test]
async fn a_certificate_is_checked_unless_only_windows_could() {
    let port = servers::tls(&TLS13).await;
    // It is made out to localhost, not to the address.
    let target = |trust| Target { host: "127.0.0.1".to_owned(), port, trust };
    let why = no_tls(reached(target(Trust::Public), &options()).await);
    assert!(why.contains("certificate"), "{why}");
    let unchecked = reached(target(Trust::WindowsOnly), &options()).await;
    assert_eq!(version(&unchecked), "1.3");

    // Somebody who trusts others does not trust it.
    let stranger = CertificateDer::from_pem_slice(include_bytes!("certificates/localhost.pem"));
    let tls = Tls::trusting([stranger.expect("a certificate")]).expect("TLS");
    let why = no_tls(reached(localhost(port), &Options { tls, ..options() }).await);
    assert!(why.contains("certificate"), "{why}");
    assert!(Tls::trusting([]).is_err());
}

#[tokio::test]
async fn a_server_that_speaks_something_else_gives_no_session() {
    // A fatal alert of TLS 1.1: protocol version.
    let old = servers::saying(&[0x15, 3, 2, 0, 2, 2, 70]).await;
    let plain = servers::saying(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    for port in [old, plain] {
        no_tls(reached(localhost(port), &options()).await);
    }
    let silent = servers::silent().await;
    let hasty = Options { timeout: Duration::from_millis(200), ..options() };
    let why = no_tls(reached(localhost(silent), &hasty).await);
    assert!(why.contains("in time"), "{why}");
}

#[tokio::test]
async fn what_is_not_there_is_told_apart() {
    no_connection(reached(localhost(servers::closed().await), &options()).await);
    let nobody = Target { host: "nobody.invalid".to_owned(), ..localhost(443) };
    let found = reached(nobody, &options()).await;
    assert!(matches!(found, Reached::NoName { .. }), "{found:?}");
}

#[tokio::test]
async fn answers_stand_in_the_order_of_the_targets() {
    let (there, closed) = (servers::tls(&TLS13).await, servers::closed().await);
    let targets: Vec<Target> =
        [there, closed, there, there, closed].into_iter().map(localhost).collect();
    let expected = [true, false, true, true, false];
    for concurrency in [0, 1, 3, 100] {
        let probed = probe(&targets, &Options { concurrency, ..options() }).await;
        let found: Vec<bool> = probed
            .iter()
            .map(|Probed { reached, .. }| matches!(reached, Reached::Tls { .. }))
            .collect();
        assert_eq!(found, expected);
    }
    assert_eq!(probe(&[], &options()).await, []);
}

#[tokio::test]
async fn a_proxy_is_gone_through() {
    let port = servers::tls(&TLS13).await;
    let proxy = servers::proxy(None).await;
    let open = through("http://127.0.0.1", proxy.port);
    assert_eq!(version(&reached(localhost(port), &open).await), "1.3");
    assert_eq!(proxy.asked(), [format!("localhost:{port}")]);
    // The certificate is that of the target, not of the proxy.
    no_tls(reached(Target { host: "127.0.0.1".to_owned(), ..localhost(port) }, &open).await);

    let why = no_connection(reached(localhost(servers::closed().await), &open).await);
    assert_eq!(why, "the proxy answered 502");
    let gone = through("http://127.0.0.1", servers::closed().await);
    let why = no_connection(reached(localhost(port), &gone).await);
    assert!(why.starts_with("the proxy: "), "{why}");
    let babbling = through("http://127.0.0.1", servers::saying(b"220 mail\r\n\r\n").await);
    no_connection(reached(localhost(port), &babbling).await);
    let endless = through("http://127.0.0.1", servers::saying(&[b'x'; 9000]).await);
    let why = no_connection(reached(localhost(port), &endless).await);
    assert_eq!(why, "the proxy's answer has no end");
    let silent = servers::silent().await;
    let hasty =
        Options { timeout: Duration::from_millis(200), ..through("http://127.0.0.1", silent) };
    no_connection(reached(localhost(port), &hasty).await);
}

#[tokio::test]
async fn a_proxy_gets_its_credentials_and_nobody_else_does() {
    let port = servers::tls(&TLS13).await;
    // `us er:p@ss` in base64.
    let proxy = servers::proxy(Some("Basic dXMgZXI6cEBzcw==")).await;
    let known = through("http://us%20er:p%40ss@127.0.0.1", proxy.port);
    assert_eq!(version(&reached(localhost(port), &known).await), "1.3");
    let unknown = through("http://127.0.0.1", proxy.port);
    let why = no_connection(reached(localhost(port), &unknown).await);
    assert_eq!(why, "the proxy asks for other credentials (407)");

    let shown = format!("{known:?}");
    assert!(shown.contains("credentials: true"), "{shown}");
    for secret in ["p@ss", "p%40ss", "dXMgZXI6cEBzcw"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    for (address, expected) in [
        ("https://proxy.example", NotAProxy::Scheme),
        ("socks5://u:p@proxy.example", NotAProxy::Scheme),
    ] {
        let address = Url::parse(address).expect("an address");
        assert_eq!(Proxy::try_from(&address), Err(expected));
    }
}

#[test]
fn the_list_is_tried_on_https() {
    let listed = Target::listed();
    assert!(listed.len() > 10);
    assert!(listed.iter().all(|target| target.port == 443 && !target.host.contains('*')));
    let checked = |host: &str| {
        listed.iter().any(|target| target.host == host && target.trust == Trust::Public)
    };
    assert!(checked("graph.microsoft.com") && checked("login.microsoftonline.com"));
}
