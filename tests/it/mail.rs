//! A real mail server (npm: smtp-server) as a process.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use server::{SmtpSettings, SmtpTls};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, Command};

pub(crate) const PASSWORD: &str = "canary-mail-password";

pub(crate) struct MailServer {
    child: Child,
    pub(crate) home: PathBuf,
    pub(crate) port: u16,
    heard: Arc<Mutex<Vec<Value>>>,
    mood: Arc<Mutex<String>>,
}

impl MailServer {
    /// None: it is not installed.
    pub(crate) async fn start() -> Option<Self> {
        let Some(home) = std::env::var_os("CONCENTRIC_MAIL_SERVER").map(PathBuf::from) else {
            eprintln!("NOT RUN: no mail server; `cargo xtask test` installs it");
            return None;
        };
        let mut child = Command::new("node")
            .arg(home.join("server.mjs"))
            .args(["starttls", "0"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("node runs");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let ready = tokio::time::timeout(Duration::from_mins(1), lines.next_line()).await;
        let ready = ready.expect("in time").expect("it can be read").expect("it lives");
        let port = ready.strip_prefix("ready ").expect("its port").parse().expect("a number");
        let (heard, mood) = (Arc::default(), Arc::new(Mutex::new("well".to_owned())));
        let server = Self { child, home, port, heard, mood };
        let (heard, mood) = (server.heard.clone(), server.mood.clone());
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                match line.strip_prefix("mood ") {
                    Some(new) => new.clone_into(&mut mood.lock().expect("a mood")),
                    None => heard
                        .lock()
                        .expect("a list")
                        .push(serde_json::from_str(&line).expect("a mail in JSON")),
                }
            }
        });
        Some(server)
    }

    pub(crate) async fn turns(&mut self, mood: &str) {
        let input = self.child.stdin.as_mut().expect("a pipe");
        input.write_all(format!("{mood}\n").as_bytes()).await.expect("it listens");
        for _ in 0..600 {
            if *self.mood.lock().expect("a mood") == mood {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the mail server does not turn {mood}");
    }

    pub(crate) fn settings(&self) -> SmtpSettings {
        SmtpSettings {
            host: "localhost".to_owned(),
            port: self.port,
            tls: SmtpTls::StartTls,
            login: Some(("concentric".to_owned(), PASSWORD.to_owned().into())),
            from: "updates@example.com".parse().expect("an address"),
            roots: Some(std::fs::read(self.home.join("ca.crt")).expect("the authority")),
        }
    }

    /// Every mail so far: to whom, and its subject.
    pub(crate) fn mails(&self) -> Vec<(String, String)> {
        let heard = self.heard.lock().expect("a list");
        heard.iter().map(|mail| (to(mail), header(mail, "Subject"))).collect()
    }

    /// The `Message-ID` of each.
    pub(crate) fn ids(&self) -> Vec<String> {
        let heard = self.heard.lock().expect("a list");
        heard.iter().map(|mail| header(mail, "Message-ID")).collect()
    }

    /// Waits until `what` is so; five minutes at most.
    pub(crate) async fn until(
        &self,
        what: impl Fn(&[(String, String)]) -> bool,
    ) -> Vec<(String, String)> {
        for _ in 0..6_000 {
            let mails = self.mails();
            if what(&mails) {
                return mails;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("it does not come to that: {:#?}", self.mails());
    }
}

fn to(mail: &Value) -> String {
    mail["to"][0].as_str().expect("a recipient").to_owned()
}

fn header(mail: &Value, name: &str) -> String {
    let data = mail["data"].as_str().expect("a mail");
    let line = data.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
    line.unwrap_or_else(|| panic!("{name} is missing: {data}")).trim().to_owned()
}
