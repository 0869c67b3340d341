//! E-mail to a real mail server (npm: smtp-server), over TLS and with logging in.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::outbox::{Attachment, EmailAddress, Envelope, Letter, Recipient, Refusal};
use outbound::{Mailer, SmtpError, SmtpSettings, SmtpTls};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use uuid::Uuid;

const PASSWORD: &str = "canary-mail-password";

struct Server {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    home: PathBuf,
    port: u16,
}

impl Server {
    /// None: it is not installed.
    async fn start(how: &str) -> Option<Self> {
        let Some(home) = std::env::var_os("CONCENTRIC_MAIL_SERVER").map(PathBuf::from) else {
            eprintln!("NOT RUN: no mail server; `cargo xtask test` installs it");
            return None;
        };
        let mut child = Command::new("node")
            .arg(home.join("server.mjs"))
            .args([how, "0"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut server = Self { child, lines, home, port: 0 };
        let ready = server.line().await;
        server.port = ready.strip_prefix("ready ").unwrap().parse().unwrap();
        Some(server)
    }

    async fn line(&mut self) -> String {
        let line = tokio::time::timeout(Duration::from_mins(1), self.lines.next_line()).await;
        line.unwrap().unwrap().unwrap()
    }

    async fn turns(&mut self, mood: &str) {
        let input = self.child.stdin.as_mut().unwrap();
        input.write_all(format!("{mood}\n").as_bytes()).await.unwrap();
        assert_eq!(self.line().await, format!("mood {mood}"));
    }

    async fn mail(&mut self) -> Value {
        serde_json::from_str(&self.line().await).unwrap()
    }

    fn settings(&self, tls: SmtpTls) -> SmtpSettings {
        SmtpSettings {
            host: "localhost".to_owned(),
            port: self.port,
            tls,
            login: Some(("concentric".to_owned(), PASSWORD.to_owned().into())),
            from: "updates@example.com".parse().unwrap(),
            roots: Some(std::fs::read(self.home.join("ca.crt")).unwrap()),
        }
    }
}

fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_000)
}

fn envelope(letter: Letter, attachments: Vec<Attachment>) -> Envelope {
    let to = Recipient::Email(to("ana"));
    let (at, id) = (now(), Uuid::from_u128(0xabc));
    Envelope { id, to, letter, attachments, at, tries: 0, due_since: at }
}

fn to(name: &str) -> EmailAddress {
    format!("{name}@example.com").parse().unwrap()
}

fn letter() -> Letter {
    let subject = "R\u{fc}ckfall: paused".to_owned();
    let text = format!("What happened.\n.\nA line that is long: {}", "x".repeat(2_000));
    Letter::plain(subject, text).unwrap().with_html("<p>What <b>happened</b></p>").unwrap()
}

#[tokio::test]
async fn mail_arrives_whole_over_tls_of_either_sort() {
    for (how, tls) in [("starttls", SmtpTls::StartTls), ("implicit", SmtpTls::Implicit)] {
        let Some(mut server) = Server::start(how).await else { return };
        let mailer = Mailer::new(&server.settings(tls)).unwrap();
        let file = Attachment::new("m\u{e4}rz.csv", "text/csv", b"a,b\n1,2\n".to_vec()).unwrap();
        let tried = mailer.send(&to("ana"), &envelope(letter(), vec![file])).await;
        assert_eq!((tried.refusal, tried.code), (None, Some(250)), "{how}");
        let mail = server.mail().await;
        assert_eq!(mail["from"], "updates@example.com");
        assert_eq!(mail["to"], serde_json::json!(["ana@example.com"]));
        assert_eq!((&mail["user"], &mail["secure"]), (&"concentric".into(), &true.into()));
        let data = mail["data"].as_str().unwrap();
        let (head, body) = data.split_once("\r\n\r\n").unwrap();
        for header in [
            "From: Concentric <updates@example.com>",
            "To: ana@example.com",
            "Message-ID: <00000000000000000000000000000abc@example.com>",
            "Auto-Submitted: auto-generated",
            "MIME-Version: 1.0",
            "Content-Type: multipart/mixed",
        ] {
            assert!(head.contains(header), "{header} is missing:\n{head}");
        }
        assert!(body.contains("multipart/alternative"), "{body}");
        assert!(body.contains("text/plain") && body.contains("text/html"), "{body}");
        assert!(body.contains("YSxiCjEsMgo="), "the file, in base64:\n{body}");
        assert!(data.lines().all(|line| line.len() <= 998), "no line is too long");
    }
}

#[tokio::test]
async fn what_a_mail_server_says_decides_whether_it_is_tried_again() {
    let Some(mut server) = Server::start("starttls").await else { return };
    let mailer = Mailer::new(&server.settings(SmtpTls::StartTls)).unwrap();
    let envelope = envelope(letter(), Vec::new());
    let refused = mailer.send(&to("nobody"), &envelope).await;
    assert_eq!((refused.refusal, refused.code), (Some(Refusal::Refused), Some(550)));
    server.turns("later").await;
    let later = mailer.send(&to("ana"), &envelope).await;
    assert_eq!((later.refusal, later.code), (Some(Refusal::Later), Some(451)));
    server.turns("down").await;
    let down = mailer.send(&to("ana"), &envelope).await;
    assert_eq!((down.refusal, down.code), (Some(Refusal::BadAnswer), None));
    server.turns("well").await;
    assert_eq!(mailer.send(&to("ana"), &envelope).await.refusal, None);
}

#[tokio::test]
async fn nothing_is_said_to_a_server_that_is_not_trusted_or_does_not_know_us() {
    let Some(server) = Server::start("starttls").await else { return };
    let envelope = envelope(letter(), Vec::new());
    let settings = server.settings(SmtpTls::StartTls);
    let stranger = SmtpSettings { roots: None, ..settings.clone() };
    let tried = Mailer::new(&stranger).unwrap().send(&to("ana"), &envelope).await;
    assert_eq!(tried.refusal, Some(Refusal::Tls), "{tried:?}");
    let login = Some(("concentric".to_owned(), "wrong".to_owned().into()));
    let wrong = SmtpSettings { login, ..settings.clone() };
    let tried = Mailer::new(&wrong).unwrap().send(&to("ana"), &envelope).await;
    assert_eq!((tried.refusal, tried.code), (Some(Refusal::Login), Some(535)));
    let shown = format!("{settings:?} {:?}", Mailer::new(&settings).unwrap());
    assert!(!shown.contains(PASSWORD), "{shown}");
}

#[tokio::test]
async fn a_server_without_encryption_gets_nothing() {
    // It speaks SMTP, and offers no STARTTLS.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read).lines();
        let mut heard = Vec::new();
        write.write_all(b"220 plain\r\n").await.unwrap();
        while let Ok(Some(line)) = lines.next_line().await {
            heard.push(line);
            if write.write_all(b"250 plain\r\n").await.is_err() {
                break;
            }
        }
        heard
    });
    let settings = SmtpSettings {
        host: "localhost".to_owned(),
        port,
        tls: SmtpTls::StartTls,
        login: Some(("concentric".to_owned(), PASSWORD.to_owned().into())),
        from: "updates@example.com".parse().unwrap(),
        roots: None,
    };
    let mailer = Mailer::new(&settings).unwrap();
    let tried = mailer.send(&to("ana"), &envelope(letter(), Vec::new())).await;
    assert_eq!(tried.refusal, Some(Refusal::Tls), "{tried:?}");
    let heard = heard.await.unwrap();
    assert!(
        !heard.iter().any(|line| line.starts_with("MAIL") || line.starts_with("AUTH")),
        "{heard:?}"
    );
}

#[test]
fn plain_text_leaves_this_machine_only_when_that_is_said() {
    let settings = |host: &str, tls, login: Option<&str>| SmtpSettings {
        host: host.to_owned(),
        port: 25,
        tls,
        login: login.map(|name| (name.to_owned(), PASSWORD.to_owned().into())),
        from: "updates@example.com".parse().unwrap(),
        roots: None,
    };
    let made = |settings: SmtpSettings| Mailer::new(&settings).map(|_| ());
    for host in ["localhost", "127.0.0.1", "::1"] {
        assert_eq!(made(settings(host, SmtpTls::None, Some("us"))), Ok(()), "{host}");
    }
    let away = made(settings("mail.example.com", SmtpTls::None, None));
    assert_eq!(away, Err(SmtpError::Plain("mail.example.com".to_owned())));
    let anywhere = |login| made(settings("mail.example.com", SmtpTls::NoneAnywhere, login));
    assert_eq!(anywhere(None), Ok(()));
    assert_eq!(anywhere(Some("us")), Err(SmtpError::PlainLogin));
    let roots = Some(b"-----BEGIN CERTIFICATE-----\nno\n-----END CERTIFICATE-----".to_vec());
    let broken = SmtpSettings { roots, ..settings("mail.example.com", SmtpTls::Implicit, None) };
    assert!(matches!(made(broken), Err(SmtpError::Roots(_))));
    let words = ["implicit", "starttls", "none", "none-anywhere"];
    assert!(words.iter().all(|word| word.parse::<SmtpTls>().is_ok()));
    assert_eq!("ssl".parse::<SmtpTls>(), Err(SmtpError::Tls));
}
