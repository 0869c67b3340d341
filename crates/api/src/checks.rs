//! Limits of inputs, as the schema states them: every field that is wrong is named at once.

use std::fmt::Display;
use std::ops::RangeInclusive;

use api_types::FieldError;
use chrono::{DateTime, Utc};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use url::{Host, Url};
use x509_cert::Certificate;
use x509_cert::der::Decode as _;

use crate::problem::Problem;

/// What was found wrong so far.
#[derive(Debug, Default)]
pub(crate) struct Checks {
    errors: Vec<FieldError>,
}

impl Checks {
    pub(crate) fn wrong(&mut self, pointer: impl Into<String>, detail: impl Into<String>) {
        self.errors.push(FieldError { pointer: pointer.into(), detail: detail.into() });
    }

    /// A text of a length in characters, one of them not blank, none of them a control character
    /// (which the database may not take, and a terminal should not).
    pub(crate) fn text(&mut self, pointer: &str, text: &str, most: usize) {
        let length = text.chars().count();
        if text.trim().is_empty() {
            self.wrong(pointer, format!("this is empty; 1 to {most} characters are right"));
        } else if length > most {
            self.wrong(pointer, format!("{length} characters are too many; {most} is the most"));
        } else if text.contains(|c: char| c.is_control() && c != '\n') {
            self.wrong(pointer, "control characters are not allowed");
        }
    }

    pub(crate) fn range<T: PartialOrd + Display>(
        &mut self,
        pointer: impl Into<String>,
        value: &T,
        range: RangeInclusive<T>,
    ) {
        if !range.contains(value) {
            let (least, most) = (range.start(), range.end());
            let value = Some(value.to_string()).filter(|value| value.len() <= 20);
            let value = value.as_deref().unwrap_or("this");
            self.wrong(pointer, format!("{value} is out of range; {least} to {most} is right"));
        }
    }

    /// A secret; what it holds is nobody's business.
    pub(crate) fn secret(&mut self, pointer: &str, secret: &str) {
        if !(1..=1000).contains(&secret.len()) {
            self.wrong(pointer, "1 to 1000 characters are right");
        }
    }

    /// A certificate or a key in PEM.
    pub(crate) fn pem(&mut self, pointer: &str, text: &str) {
        if !text.contains("-----BEGIN ") || text.len() > 65_536 {
            self.wrong(pointer, "this is not PEM: text with a line `-----BEGIN ...-----` is right");
        }
    }

    /// An X.509 certificate in PEM, of several the first. Returns until when it is good.
    pub(crate) fn certificate(&mut self, pointer: &str, text: &str) -> Option<DateTime<Utc>> {
        let of = CertificateDer::from_pem_slice(text.as_bytes()).ok();
        let of =
            of.filter(|_| text.len() <= 65_536).and_then(|der| Certificate::from_der(&der).ok());
        let Some(certificate) = of else {
            self.wrong(pointer, "this is not an X.509 certificate in PEM: `-----BEGIN CERTIFICATE-----`, and what follows, is right");
            return None;
        };
        let until = certificate.tbs_certificate().validity().not_after.to_unix_duration();
        i64::try_from(until.as_secs()).ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0))
    }

    /// The address of a service to be called: `https`, or `http` on this machine only, since
    /// credentials go there. Without a slash at its end, so that paths can be added.
    pub(crate) fn base_url(&mut self, pointer: &str, text: &str) -> String {
        let url = match Url::parse(text) {
            Ok(url) => url,
            Err(error) => {
                self.wrong(pointer, format!("{text:?} is not a URL: {error}"));
                return String::new();
            }
        };
        let is_allowed = match url.scheme() {
            "https" => true,
            "http" => is_loopback(&url),
            _ => false,
        };
        if !is_allowed {
            self.wrong(
                pointer,
                format!(
                    "{text:?} is not allowed: https is right, or http for a loopback address \
                     such as http://127.0.0.1:9090"
                ),
            );
        }
        let has_more = url.query().is_some() || url.fragment().is_some();
        if has_more || !url.username().is_empty() || url.password().is_some() {
            self.wrong(pointer, "a user, a query or a fragment has no place in this URL");
        }
        url.as_str().trim_end_matches('/').to_owned()
    }

    pub(crate) fn finish(self) -> Result<(), Problem> {
        if self.errors.is_empty() { Ok(()) } else { Err(Problem::invalid(self.errors)) }
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}
