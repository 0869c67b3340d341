//! The mail server that notifications are handed to, as options of `concentric serve`.

use std::path::PathBuf;

use clap::Args;
use server::{SmtpSettings, SmtpTls};

use crate::failure::Failure;

/// Without a host nobody gets e-mail.
#[derive(Debug, Clone, Args)]
#[expect(clippy::struct_field_names, reason = "they are the names of options")]
pub(crate) struct Mail {
    /// Mail server that notifications are handed to: `mail.example.com`.
    #[arg(long, env = "CONCENTRIC_SMTP_HOST", value_name = "HOST", requires = "smtp_from")]
    smtp_host: Option<String>,
    /// Its port, if not the usual one: 587 for starttls, 465 for implicit, 25 for none.
    #[arg(long, env = "CONCENTRIC_SMTP_PORT", value_name = "PORT")]
    smtp_port: Option<u16>,
    /// How the connection is encrypted: starttls (or nothing is sent), implicit, none (on this machine only), or
    /// none-anywhere.
    #[arg(long, env = "CONCENTRIC_SMTP_TLS", value_name = "HOW", default_value = "starttls")]
    smtp_tls: SmtpTls,
    /// Name to log in with; the password is in `CONCENTRIC_SMTP_PASSWORD` or in a file.
    #[arg(long, env = "CONCENTRIC_SMTP_USER", value_name = "NAME")]
    smtp_user: Option<String>,
    /// File with the password.
    #[arg(
        long,
        env = "CONCENTRIC_SMTP_PASSWORD_FILE",
        value_name = "FILE",
        requires = "smtp_user"
    )]
    smtp_password_file: Option<PathBuf>,
    /// File with certificates to trust beyond the machine's own, as PEM.
    #[arg(long, env = "CONCENTRIC_SMTP_CA_FILE", value_name = "FILE")]
    smtp_ca_file: Option<PathBuf>,
    /// Address that notifications come from.
    #[arg(long, env = "CONCENTRIC_SMTP_FROM", value_name = "ADDRESS")]
    smtp_from: Option<domain::outbox::EmailAddress>,
}

impl Mail {
    /// The mail server that is named, if one is.
    pub(crate) fn settings(self) -> Result<Option<SmtpSettings>, Failure> {
        let (Some(host), Some(from)) = (self.smtp_host, self.smtp_from) else { return Ok(None) };
        let read = |file: &PathBuf| {
            std::fs::read(file)
                .map_err(|error| Failure::Usage(format!("{}: {error}", file.display())))
        };
        let given = std::env::var("CONCENTRIC_SMTP_PASSWORD").ok().filter(|text| !text.is_empty());
        let password = match (&self.smtp_password_file, given) {
            (Some(_), Some(_)) => {
                let why = "CONCENTRIC_SMTP_PASSWORD holds a password, and a file is named; keep \
                           one of them";
                return Err(Failure::Usage(why.to_owned()));
            }
            (Some(file), None) => {
                let text = String::from_utf8(read(file)?)
                    .map_err(|_| Failure::Usage(format!("{} holds no text", file.display())))?;
                Some(text.trim_end_matches(['\r', '\n']).to_owned())
            }
            (None, given) => given,
        };
        let login = match (self.smtp_user, password) {
            (Some(user), Some(password)) => Some((user, password.into())),
            (None, None) => None,
            (Some(_), None) => {
                let why = "the mail server's password is missing: CONCENTRIC_SMTP_PASSWORD or \
                           --smtp-password-file";
                return Err(Failure::Usage(why.to_owned()));
            }
            (None, Some(_)) => {
                let why = "there is a password for the mail server, but no name: --smtp-user";
                return Err(Failure::Usage(why.to_owned()));
            }
        };
        Ok(Some(SmtpSettings {
            host,
            port: self.smtp_port.unwrap_or(self.smtp_tls.port()),
            tls: self.smtp_tls,
            login,
            from,
            roots: self.smtp_ca_file.as_ref().map(read).transpose()?,
        }))
    }
}
