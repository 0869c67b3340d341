//! Handing letters to the mail server that the operator named.
//!
//! The operator's word is trusted where people's is not: the mail server is no address that a caller of the API
//! chooses, so it is not held against the allow list. What is sent is encrypted unless the operator said plainly
//! that it need not be.

use std::error::Error as _;
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::outbox::{Attachment, EmailAddress, Envelope, Letter, Refusal, Tried};
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment as Part, Body, Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use secrecy::{ExposeSecret as _, SecretString};
use thiserror::Error;
use tokio::sync::Semaphore;

/// Connections to the mail server at once; most servers allow ten or more of one client.
const AT_ONCE: usize = 4;
/// RFC 5321 4.5.3.2 allows ten minutes for the last reply; a server that needs one of them is tried again.
const TIMEOUT: Duration = Duration::from_mins(1);
/// For the connection, and for each command.
const STEP: Duration = Duration::from_secs(20);

/// How the connection to the mail server is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpTls {
    /// From the first byte (RFC 8314, port 465).
    Implicit,
    /// Begins in the clear and is encrypted before anything is said (RFC 3207, port 587); without, nothing is.
    StartTls,
    /// Not at all, and the server is on this machine.
    None,
    /// Not at all, wherever the server is.
    NoneAnywhere,
}

impl SmtpTls {
    /// The port that goes with it.
    #[must_use]
    pub const fn port(self) -> u16 {
        match self {
            Self::Implicit => 465,
            Self::StartTls => 587,
            Self::None | Self::NoneAnywhere => 25,
        }
    }
}

impl FromStr for SmtpTls {
    type Err = SmtpError;

    fn from_str(text: &str) -> Result<Self, SmtpError> {
        match text {
            "implicit" => Ok(Self::Implicit),
            "starttls" => Ok(Self::StartTls),
            "none" => Ok(Self::None),
            "none-anywhere" => Ok(Self::NoneAnywhere),
            _ => Err(SmtpError::Tls),
        }
    }
}

/// Where and how e-mail is handed on.
#[derive(Clone)]
pub struct SmtpSettings {
    pub host: String,
    pub port: u16,
    pub tls: SmtpTls,
    /// Name and password, if the server wants them.
    pub login: Option<(String, SecretString)>,
    pub from: EmailAddress,
    /// Certificates to trust beyond the machine's, as PEM.
    pub roots: Option<Vec<u8>>,
}

impl fmt::Debug for SmtpSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpSettings")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("tls", &self.tls)
            .field("from", &self.from)
            .finish_non_exhaustive()
    }
}

/// Why the settings cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SmtpError {
    #[error("how the mail server is spoken to is implicit, starttls, none or none-anywhere")]
    Tls,
    #[error(
        "{0} is not this machine, so what is sent there has to be encrypted; if it really need not be, \
         say none-anywhere"
    )]
    Plain(String),
    #[error("a password is never sent unencrypted to another machine")]
    PlainLogin,
    #[error("the certificates to trust cannot be read: {0}")]
    Roots(String),
    #[error("the address that mail comes from cannot be used: {0}")]
    From(String),
}

/// What hands letters to the mail server. Clones share its limit.
#[derive(Clone)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    free: Arc<Semaphore>,
}

impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailer").field("from", &self.from.email).finish_non_exhaustive()
    }
}

impl Mailer {
    /// Connects to nothing yet.
    pub fn new(settings: &SmtpSettings) -> Result<Self, SmtpError> {
        let is_here = is_loopback(&settings.host);
        let tls = match settings.tls {
            SmtpTls::Implicit => Tls::Wrapper(parameters(settings)?),
            SmtpTls::StartTls => Tls::Required(parameters(settings)?),
            SmtpTls::None if !is_here => return Err(SmtpError::Plain(settings.host.clone())),
            SmtpTls::NoneAnywhere if !is_here && settings.login.is_some() => {
                return Err(SmtpError::PlainLogin);
            }
            SmtpTls::None | SmtpTls::NoneAnywhere => Tls::None,
        };
        let from = address(&settings.from).map_err(SmtpError::From)?;
        let hello = ClientId::Domain(from.domain().to_owned());
        let mut builder =
            AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(settings.host.clone())
                .port(settings.port)
                .tls(tls)
                .timeout(Some(STEP))
                .hello_name(hello);
        if let Some((user, password)) = &settings.login {
            let password = password.expose_secret().to_owned();
            builder = builder.credentials(Credentials::new(user.clone(), password));
        }
        let from = Mailbox::new(Some("Concentric".to_owned()), from);
        let free = Arc::new(Semaphore::new(AT_ONCE));
        Ok(Self { transport: builder.build(), from, free })
    }

    /// Hands a letter on. Never fails: what goes wrong is how it ended.
    pub async fn send(&self, to: &EmailAddress, envelope: &Envelope) -> Tried {
        let Ok(message) = message(&self.from, to, envelope) else {
            return Tried { code: None, latency_ms: 0, refusal: Some(Refusal::Malformed) };
        };
        // The limit is never closed.
        let _turn = self.free.acquire().await;
        let began = Instant::now();
        let sent = tokio::time::timeout(TIMEOUT, self.transport.send(message)).await;
        let latency_ms = u32::try_from(began.elapsed().as_millis()).unwrap_or(u32::MAX);
        let (code, refusal) = match sent {
            Ok(Ok(response)) => (Some(u16::from(response.code())), None),
            Ok(Err(error)) => refused(&error),
            Err(_) => (None, Some(Refusal::Timeout)),
        };
        Tried { code, latency_ms, refusal }
    }
}

fn refused(error: &lettre::transport::smtp::Error) -> (Option<u16>, Option<Refusal>) {
    if let Some(code) = error.status() {
        let code = u16::from(code);
        return (Some(code), Some(Refusal::of_reply(code)));
    }
    let refusal = if error.is_timeout() {
        Refusal::Timeout
    } else if error.is_tls() || breaks_off_in_tls(error) {
        Refusal::Tls
    } else if error.is_response() {
        Refusal::BadAnswer
    } else if error.is_client() {
        // It offers no way to encrypt, or none to log in that we know.
        Refusal::Tls
    } else {
        Refusal::Unreachable
    };
    (None, Some(refusal))
}

/// A certificate that is not trusted, or no TLS at all where it should begin, comes as invalid data.
fn breaks_off_in_tls(error: &lettre::transport::smtp::Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            return error.kind() == io::ErrorKind::InvalidData;
        }
        cause = error.source();
    }
    false
}

fn parameters(settings: &SmtpSettings) -> Result<TlsParameters, SmtpError> {
    let wrong = |error: lettre::transport::smtp::Error| SmtpError::Roots(error.to_string());
    let mut builder = TlsParameters::builder(settings.host.clone());
    if let Some(pem) = &settings.roots {
        builder = builder.add_root_certificate(Certificate::from_pem(pem).map_err(wrong)?);
    }
    builder.build_rustls().map_err(wrong)
}

fn is_loopback(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    bare.eq_ignore_ascii_case("localhost")
        || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn address(address: &EmailAddress) -> Result<Address, String> {
    address.as_str().parse().map_err(|error: lettre::address::AddressError| error.to_string())
}

/// The letter as a mail: plain text, HTML beside it if there is any, and files behind both.
fn message(from: &Mailbox, to: &EmailAddress, envelope: &Envelope) -> Result<Message, String> {
    let Envelope { id, letter, attachments, at, .. } = envelope;
    let auto = HeaderName::new_from_ascii_str("Auto-Submitted");
    let builder = Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, address(to)?))
        .date((*at).into())
        // The same in every try, so that a mail that arrives twice is known to be one.
        .message_id(Some(format!("<{}@{}>", id.simple(), from.email.domain())))
        .subject(letter.subject())
        // RFC 3834: so that no absence note answers.
        .raw_header(HeaderValue::new(auto, "auto-generated".to_owned()));
    let message = match (letter.html(), attachments.is_empty()) {
        (None, true) => builder.singlepart(plain(letter)),
        (Some(html), true) => builder.multipart(both(letter, html)),
        (html, false) => {
            let mixed = MultiPart::mixed();
            let mixed = match html {
                None => mixed.singlepart(plain(letter)),
                Some(html) => mixed.multipart(both(letter, html)),
            };
            let mut mixed = mixed;
            for file in attachments {
                mixed = mixed.singlepart(part(file)?);
            }
            builder.multipart(mixed)
        }
    };
    message.map_err(|error| error.to_string())
}

fn plain(letter: &Letter) -> SinglePart {
    SinglePart::plain(letter.text().to_owned())
}

fn both(letter: &Letter, html: &str) -> MultiPart {
    MultiPart::alternative().singlepart(plain(letter)).singlepart(SinglePart::html(html.to_owned()))
}

fn part(file: &Attachment) -> Result<SinglePart, String> {
    let media = ContentType::parse(file.media_type()).map_err(|error| error.to_string())?;
    // Byte for byte, whatever ends its lines.
    let body = Body::new_with_encoding(file.bytes().to_vec(), ContentTransferEncoding::Base64)
        .map_err(|_| "it cannot be put as base64".to_owned())?;
    Ok(Part::new(file.name().to_owned()).body(body, media))
}
