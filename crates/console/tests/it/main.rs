//! What the console's files are answered with, and under which policy.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, StatusCode};
use axum::{Router, routing::get};
use tower::ServiceExt as _;

const FILES: &[(&str, &[u8])] = &[
    ("assets/app-1a2b.css", b"body{}"),
    ("assets/app-1a2b.js", b"plain"),
    ("assets/app-1a2b.js.br", b"brotli"),
    ("assets/app-1a2b.js.gz", b"gzip"),
    ("favicon.svg", b"<svg/>"),
    ("index.html", b"<script nonce=\"{{nonce}}\" src=\"/assets/app-1a2b.js\"></script>"),
];

async fn ask(router: Router, method: &str, path: &str, headers: &[(&str, &str)]) -> Response<Body> {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

async fn get_it(path: &str, headers: &[(&str, &str)]) -> Response<Body> {
    ask(console::router_of(FILES), "GET", path, headers).await
}

fn header<'a>(response: &'a Response<Body>, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

async fn text(response: Response<Body>) -> String {
    String::from_utf8(to_bytes(response.into_body(), 1 << 20).await.unwrap().to_vec()).unwrap()
}

const BROWSER: (&str, &str) = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");

#[tokio::test]
async fn every_page_has_a_nonce_of_its_own() {
    let mut seen = Vec::new();
    for path in ["/", "/t/1/rollouts/2", "/index.html", "/t/1/devices/PC.contoso.example"] {
        let response = get_it(path, &[BROWSER]).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(header(&response, "cache-control"), "no-store");
        let policy = header(&response, "content-security-policy").to_owned();
        let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap().to_owned();
        assert_eq!(nonce.len(), 32);
        assert!(policy.contains(&format!("script-src 'self' 'nonce-{nonce}'")), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(
            text(response).await,
            format!("<script nonce=\"{nonce}\" src=\"/assets/app-1a2b.js\"></script>")
        );
        assert!(!seen.contains(&nonce));
        seen.push(nonce);
    }
}

#[tokio::test]
async fn files_are_sent_in_the_smallest_form_asked_for() {
    for (accepted, encoding, body) in [
        ("gzip, deflate, br, zstd", "br", "brotli"),
        ("gzip", "gzip", "gzip"),
        ("gzip;q=1.0, br;q=0", "gzip", "gzip"),
        ("identity", "", "plain"),
        ("", "", "plain"),
    ] {
        let response = get_it("/assets/app-1a2b.js", &[("accept-encoding", accepted)]).await;
        assert_eq!(header(&response, "content-encoding"), encoding, "{accepted}");
        assert_eq!(header(&response, "content-type"), "text/javascript; charset=utf-8");
        assert_eq!(header(&response, "cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(header(&response, "vary"), "accept-encoding");
        assert_eq!(text(response).await, body);
    }
    // Without a compressed neighbour it goes out as it is.
    let style = get_it("/assets/app-1a2b.css", &[("accept-encoding", "br")]).await;
    assert_eq!(header(&style, "content-encoding"), "");
    assert_eq!(text(style).await, "body{}");
    let icon = get_it("/favicon.svg", &[]).await;
    assert_eq!(header(&icon, "cache-control"), "public, max-age=3600");
}

#[tokio::test]
async fn what_is_missing_is_not_answered_with_a_page() {
    for (path, accept) in [
        ("/assets/old-9f.js", "text/html"),
        ("/auth/none", "text/html"),
        ("/robots.txt", "*/*"),
        ("/picture", "image/png"),
    ] {
        let response = get_it(path, &[("accept", accept)]).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        assert_eq!(header(&response, "x-content-type-options"), "nosniff");
    }
    let response = ask(console::router_of(FILES), "POST", "/t/1", &[]).await;
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(header(&response, "allow"), "GET, HEAD");
}

#[tokio::test]
async fn other_routes_of_the_server_win() {
    let server =
        || Router::new().route("/healthz", get(async || "ok")).merge(console::router_of(FILES));
    assert_eq!(text(ask(server(), "GET", "/healthz", &[BROWSER]).await).await, "ok");
    let app = ask(server(), "GET", "/t/1", &[BROWSER]).await;
    assert!(text(app).await.starts_with("<script"));
}

#[tokio::test]
async fn without_the_app_a_page_says_how_to_build_it() {
    let response = ask(console::router_of(&[]), "GET", "/", &[BROWSER]).await;
    assert_eq!(response.status(), StatusCode::OK);
    let policy = header(&response, "content-security-policy").to_owned();
    let page = text(response).await;
    assert!(page.contains("cargo xtask console"), "{page}");
    let nonce = page.split("<style nonce=\"").nth(1).unwrap().split('"').next().unwrap();
    assert!(policy.contains(&format!("'nonce-{nonce}'")), "{policy}");
}

#[tokio::test]
async fn every_answer_says_what_browsers_may_not_do() {
    for path in ["/", "/favicon.svg", "/assets/none.js"] {
        let response = get_it(path, &[BROWSER]).await;
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(header(&response, name), value, "{path} {name}");
        }
    }
}
