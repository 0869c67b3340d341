//! A server as a process, to be killed.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::{Duration, UNIX_EPOCH};

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::mail::{MailServer, PASSWORD};
use crate::stack::Stack;

pub(crate) struct Process {
    child: Child,
    pub(crate) address: SocketAddr,
    pub(crate) token: Option<String>,
}

impl Process {
    /// Starts a server on `listen` and waits until it says that it is ready.
    pub(crate) async fn start(stack: &Stack, listen: SocketAddr) -> Self {
        Self::start_allowing(stack, listen, "").await
    }

    /// The same, and it may call what `allow` says.
    pub(crate) async fn start_allowing(stack: &Stack, listen: SocketAddr, allow: &str) -> Self {
        Self::start_with(stack, listen, allow, &[]).await
    }

    /// The same, and it hands e-mail to a mail server.
    pub(crate) async fn start_mailing(
        stack: &Stack,
        listen: SocketAddr,
        mail: &MailServer,
    ) -> Self {
        let (port, authority) = (mail.port.to_string(), mail.home.join("ca.crt"));
        let variables = [
            ("CONCENTRIC_TEST_SMTP_PORT", port.as_str()),
            ("CONCENTRIC_SMTP_PASSWORD", PASSWORD),
            ("CONCENTRIC_SMTP_CA_FILE", authority.to_str().expect("UTF-8")),
        ];
        Self::start_with(stack, listen, "", &variables).await
    }

    /// The same, with these variables.
    pub(crate) async fn start_with(
        stack: &Stack,
        listen: SocketAddr,
        allow: &str,
        variables: &[(&str, &str)],
    ) -> Self {
        let anchor = stack.anchor.duration_since(UNIX_EPOCH).expect("after the epoch").as_millis();
        let log = std::env::var_os("CONCENTRIC_TEST_LOG").is_some();
        let mut child = Command::new(env!("CARGO_BIN_EXE_system-test-server"))
            .args([&stack.database.url, &listen.to_string()])
            .arg(&stack.data_dir)
            .args([stack.start.to_rfc3339(), anchor.to_string(), stack.speed.to_string()])
            .arg(allow)
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(if log { Stdio::inherit() } else { Stdio::null() })
            .kill_on_drop(true)
            .spawn()
            .expect("the server starts");
        let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let mut token = None;
        let ready = async {
            while let Some(line) = lines.next_line().await.expect("readable output") {
                match line.split_once(' ') {
                    Some(("token", text)) => token = Some(text.to_owned()),
                    Some(("ready", address)) => return address.parse().expect("an address"),
                    _ => {}
                }
            }
            panic!("the server ended before it was ready");
        };
        let address = tokio::time::timeout(Duration::from_mins(1), ready).await.expect("in time");
        Self { child, address, token }
    }

    /// SIGKILL, and gone.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.expect("a process that can be killed");
    }
}
