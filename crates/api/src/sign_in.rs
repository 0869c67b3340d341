//! How browsers sign in: under which address, with which cookie, and what keeps other sites from
//! using it.
//!
//! The cookie is `__Host-concentric-session`, `Secure`, where people reach the service by https. Over
//! plain http only a loopback address will do, and there the cookie has another name and is not `Secure`,
//! so that every browser takes it. Anything else would send what a session is worth in the clear, and
//! nobody can sign in.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::header::{COOKIE, HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};
use store::sessions::{LONGEST, Moment};
use url::{Host, Url};

use crate::people::People;
use crate::problem::{Kind, Problem};

static REQUESTED_WITH: HeaderName = HeaderName::from_static("x-requested-with");

/// What a change by cookie says in `X-Requested-With`. Other sites cannot set it without being asked
/// by the browser whether they may, and nobody says that they may.
const OURS: &str = "concentric";

/// How browsers sign in. Clones share everything.
#[derive(Clone)]
pub struct SignIn {
    /// Where people reach the service.
    public: Arc<Url>,
    /// Whether somebody said so. If not, any name by which a browser got here is the right one.
    is_given: bool,
    wall: Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>,
    demo: Option<Arc<DemoDoor>>,
    people: Option<Arc<dyn People>>,
}

impl fmt::Debug for SignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignIn").field("public", &self.public.as_str()).finish_non_exhaustive()
    }
}

/// The way into a demo: one link, good once.
struct DemoDoor {
    code: [u8; 32],
    /// What the session is begun with.
    token: Mutex<Option<String>>,
}

impl SignIn {
    /// At the address that an operator gave, or else at that of the listener.
    #[must_use]
    pub fn new(given: Option<Url>, listener: Url) -> Self {
        let is_given = given.is_some();
        let public = Arc::new(given.unwrap_or(listener));
        Self { public, is_given, wall: Arc::new(Utc::now), demo: None, people: None }
    }

    /// By another clock than the wall's.
    #[must_use]
    pub fn by_clock(mut self, wall: Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>) -> Self {
        self.wall = wall;
        self
    }

    /// Whoever comes with `code` is signed in with `token`, once.
    #[must_use]
    pub fn with_demo(mut self, code: &str, token: String) -> Self {
        let code = Sha256::digest(code).into();
        self.demo = Some(Arc::new(DemoDoor { code, token: Mutex::new(Some(token)) }));
        self
    }

    /// People sign in at a provider.
    #[must_use]
    pub fn with_people(mut self, people: Arc<dyn People>) -> Self {
        self.people = Some(people);
        self
    }

    pub(crate) fn people(&self) -> Option<Arc<dyn People>> {
        self.people.clone()
    }

    /// Where a provider sends browsers back to.
    pub(crate) fn callback(&self) -> String {
        format!("{}/auth/callback", self.public.as_str().trim_end_matches('/'))
    }

    pub(crate) fn moment(&self, service: DateTime<Utc>) -> Moment {
        Moment { wall: (self.wall)(), service }
    }

    /// Whether people come by https.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.public.scheme() == "https"
    }

    /// Whether a session can be kept from those who listen.
    pub(crate) fn is_possible(&self) -> bool {
        let is_loopback = match self.public.host() {
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        self.is_secure() || is_loopback
    }

    pub(crate) fn check_possible(&self) -> Result<(), Problem> {
        if self.is_possible() {
            return Ok(());
        }
        let why = format!(
            "a session would go in the clear to {}; put TLS before the service and tell it its \
             address with --public-url https://...",
            self.public.as_str().trim_end_matches('/')
        );
        Err(Problem::new(Kind::Forbidden, why))
    }

    /// The token behind the demo's link, which is worth nothing from then on.
    pub(crate) fn demo_token(&self, code: &str) -> Option<String> {
        let door = self.demo.as_ref()?;
        // Hashes, so that how long this takes says nothing of the code.
        let given: [u8; 32] = Sha256::digest(code).into();
        if given != door.code {
            return None;
        }
        door.token.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub(crate) fn has_demo(&self) -> bool {
        self.demo.is_some()
    }

    // The cookie ---------------------------------------------------------------------------------

    const fn cookie_name(is_secure: bool) -> &'static str {
        if is_secure { "__Host-concentric-session" } else { "concentric-session" }
    }

    /// What the cookie holds, if it can be one of ours.
    pub(crate) fn cookie(&self, headers: &HeaderMap) -> Option<Arc<str>> {
        let text = cookie(headers, Self::cookie_name(self.is_secure()))?;
        let is_ours = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_ours.then(|| text.into())
    }

    /// The header that gives a browser its cookie.
    pub(crate) fn set_cookie(&self, text: &str) -> HeaderValue {
        self.cookie_header(text, LONGEST.num_seconds())
    }

    /// The header that takes it away.
    pub(crate) fn unset_cookie(&self) -> HeaderValue {
        self.cookie_header("", 0)
    }

    fn cookie_header(&self, text: &str, seconds: i64) -> HeaderValue {
        self.header(Self::cookie_name(self.is_secure()), text, seconds, "Strict")
    }

    const fn login_cookie_name(is_secure: bool) -> &'static str {
        if is_secure { "__Host-concentric-login" } else { "concentric-login" }
    }

    /// What a browser brings back from the provider.
    pub(crate) fn login_cookie<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        cookie(headers, Self::login_cookie_name(self.is_secure()))
    }

    /// The header that gives a browser what it has to bring back. It comes back from another site, with
    /// which `Strict` would not send it.
    pub(crate) fn set_login_cookie(&self, sealed: &str, seconds: i64) -> HeaderValue {
        self.header(Self::login_cookie_name(self.is_secure()), sealed, seconds, "Lax")
    }

    pub(crate) fn unset_login_cookie(&self) -> HeaderValue {
        self.set_login_cookie("", 0)
    }

    fn header(&self, name: &str, text: &str, seconds: i64, same_site: &str) -> HeaderValue {
        let secure = if self.is_secure() { "; Secure" } else { "" };
        let header = format!(
            "{name}={text}; Path=/; Max-Age={seconds}; HttpOnly; SameSite={same_site}{secure}"
        );
        let mut value =
            HeaderValue::from_str(&header).unwrap_or_else(|_| HeaderValue::from_static(""));
        value.set_sensitive(true);
        value
    }

    // Other sites --------------------------------------------------------------------------------

    /// A page of ours, or something that is no browser.
    pub(crate) fn check_origin(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let Some(origin) = headers.get(ORIGIN) else { return Ok(()) };
        let origin = origin.to_str().ok().and_then(|origin| Url::parse(origin).ok());
        let is_ours = origin.is_some_and(|origin| {
            if self.is_given {
                return origin.origin() == self.public.origin();
            }
            let host = headers.get(HOST).and_then(|host| host.to_str().ok());
            let host = host.and_then(|host| Url::parse(&format!("http://{host}")).ok());
            host.is_some_and(|host| host.origin() == origin.origin())
        });
        if is_ours {
            return Ok(());
        }
        let why = "this comes from a page of another site; if it is yours, --public-url says where \
                   the service is reached";
        Err(Problem::new(Kind::Forbidden, why))
    }

    /// A change whose only proof is the cookie, which a browser sends whoever makes it.
    pub(crate) fn check_change(&self, headers: &HeaderMap) -> Result<(), Problem> {
        self.check_origin(headers)?;
        if headers.get(&REQUESTED_WITH).is_some_and(|with| with == OURS) {
            return Ok(());
        }
        let why = "a change by cookie needs the header `X-Requested-With: concentric`";
        Err(Problem::new(Kind::Forbidden, why))
    }
}

/// The value of a cookie.
fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let given = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    given
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(found, value)| (found == name).then_some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(given: Option<&str>) -> SignIn {
        let url = |text: &str| Url::parse(text).unwrap();
        SignIn::new(given.map(url), url("http://127.0.0.1:8080"))
    }

    #[test]
    fn sessions_need_https_or_a_loopback_address() {
        let cases = [
            (None, true, "concentric-session=", false),
            (Some("http://localhost:5173"), true, "concentric-session=", false),
            (Some("http://[::1]:8080/"), true, "concentric-session=", false),
            (Some("https://updates.corp"), true, "__Host-concentric-session=", true),
            (Some("http://updates.corp"), false, "concentric-session=", false),
            (Some("http://10.0.0.7:8080"), false, "concentric-session=", false),
            (Some("http://localhost.evil.example"), false, "concentric-session=", false),
        ];
        for (given, is_possible, start, is_secure) in cases {
            let sign_in = at(given);
            assert_eq!(sign_in.is_possible(), is_possible, "{given:?}");
            assert_eq!(sign_in.check_possible().is_ok(), is_possible, "{given:?}");
            let header = sign_in.set_cookie("x");
            let header = header.to_str().unwrap();
            assert!(header.starts_with(start), "{header}");
            assert_eq!(header.ends_with("; Secure"), is_secure, "{header}");
            assert!(header.contains("; Path=/; Max-Age=28800; HttpOnly; SameSite=Strict"));
        }
    }

    #[test]
    fn only_pages_of_ours_change_anything() {
        let cases = [
            (None, "127.0.0.1:8080", Some("http://127.0.0.1:8080"), true),
            (None, "localhost:8080", Some("http://localhost:8080"), true),
            (None, "127.0.0.1:8080", Some("http://localhost:8080"), false),
            (None, "127.0.0.1:8080", Some("http://127.0.0.1:8081"), false),
            (None, "127.0.0.1:8080", Some("null"), false),
            (None, "127.0.0.1:8080", None, true),
            (Some("https://updates.corp"), "10.0.0.7:8080", Some("https://updates.corp"), true),
            (Some("https://updates.corp"), "10.0.0.7:8080", Some("http://updates.corp"), false),
            (Some("https://updates.corp"), "evil.example", Some("http://evil.example"), false),
            (Some("https://updates.corp"), "x", Some("https://updates.corp.evil.example"), false),
        ];
        for (given, host, origin, is_ours) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, host.parse().unwrap());
            if let Some(origin) = origin {
                headers.insert(ORIGIN, origin.parse().unwrap());
            }
            let sign_in = at(given);
            assert_eq!(sign_in.check_origin(&headers).is_ok(), is_ours, "{given:?} {origin:?}");
            assert!(sign_in.check_change(&headers).is_err(), "{origin:?} without the header");
            headers.insert(&REQUESTED_WITH, OURS.parse().unwrap());
            assert_eq!(sign_in.check_change(&headers).is_ok(), is_ours, "{given:?} {origin:?}");
        }
    }

    #[test]
    fn the_cookie_is_found_among_others_and_by_its_whole_name() {
        let text = "0".repeat(64);
        let sign_in = at(None);
        let found = |header: String| {
            let mut headers = HeaderMap::new();
            headers.insert(COOKIE, header.parse().unwrap());
            sign_in.cookie(&headers).map(|text| text.to_string())
        };
        assert_eq!(found(format!("a=b; concentric-session={text}; c=d")), Some(text.clone()));
        assert_eq!(found(format!("__Host-concentric-session={text}")), None);
        assert_eq!(found(format!("xconcentric-session={text}")), None);
        assert_eq!(found("concentric-session=short".to_owned()), None);
    }

    #[test]
    fn the_link_of_a_demo_is_good_once() {
        let sign_in = at(None).with_demo("code", "token".to_owned());
        assert_eq!(sign_in.demo_token("other"), None);
        assert_eq!(sign_in.clone().demo_token("code").as_deref(), Some("token"));
        assert_eq!(sign_in.demo_token("code"), None);
    }
}
