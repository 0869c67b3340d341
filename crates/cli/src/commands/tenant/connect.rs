//! `concentric tenant connect`, and how an app proves who it is.

use std::path::PathBuf;

use api_types::{ConnectionInput, CredentialInput, Tenant};
use chrono::{DateTime, Utc};
use clap::Args;
use uuid::Uuid;

use super::Context;
use crate::client::Document;
use crate::commands::read_text;
use crate::failure::Failure;
use crate::find;

/// What the app proves itself with; never on the command line, where other users of a machine see it.
#[derive(Debug, Args)]
pub(crate) struct Credential {
    /// File with the client secret; `-` reads it from stdin.
    #[arg(long, value_name = "FILE", required_unless_present = "certificate_file")]
    secret_file: Option<PathBuf>,
    /// Until when Entra takes the secret, as the portal says; an alert tells a month before. A certificate says so itself.
    #[arg(long, value_name = "TIME", requires = "secret_file")]
    secret_expires_at: Option<DateTime<Utc>>,
    /// PEM file with the certificate.
    #[arg(long, value_name = "FILE", requires = "key_file", conflicts_with = "secret_file")]
    certificate_file: Option<PathBuf>,
    /// PEM file with the certificate's private key.
    #[arg(long, value_name = "FILE", requires = "certificate_file")]
    key_file: Option<PathBuf>,
}

impl Credential {
    pub(super) fn read(self) -> Result<CredentialInput, Failure> {
        match (self.secret_file, self.certificate_file, self.key_file) {
            (None, Some(certificate), Some(key)) => Ok(CredentialInput::Certificate {
                certificate_pem: read_text(&certificate)?,
                private_key_pem: read_text(&key)?,
            }),
            (Some(file), ..) => Ok(CredentialInput::Secret {
                secret: read_text(&file)?.trim().to_owned(),
                expires_at: self.secret_expires_at,
            }),
            (None, ..) => Err(Failure::Usage(
                "a tenant needs --secret-file, or --certificate-file with --key-file".into(),
            )),
        }
    }
}

/// What is not given stays as it is, but for the credential, which nobody can read back.
#[derive(Debug, Args)]
pub(crate) struct Connect {
    /// Name or id; the one of --tenant if not given.
    name: Option<String>,
    #[command(flatten)]
    credential: Credential,
    /// Application (client) id of the app registration.
    #[arg(long, value_name = "ID")]
    client_id: Option<Uuid>,
    /// Microsoft Graph, if it is not where it was.
    #[arg(long, value_name = "URL")]
    graph_url: Option<String>,
    /// Login, if it is not where it was.
    #[arg(long, value_name = "URL")]
    login_url: Option<String>,
}

impl Connect {
    pub(super) async fn run(self, context: &Context<'_>) -> Result<Document<Tenant>, Failure> {
        let credential = self.credential.read()?;
        let meant = self.name.as_deref().or(context.tenant);
        let tenant = find::tenant(&context.client, meant).await?.typed;
        let body = ConnectionInput {
            entra_tenant_id: tenant.entra_tenant_id,
            client_id: self.client_id.unwrap_or(tenant.client_id),
            credential,
            graph_url: Some(self.graph_url.unwrap_or(tenant.graph_url)),
            login_url: Some(self.login_url.unwrap_or(tenant.login_url)),
        };
        context.client.put(&["tenants", &tenant.id.to_string(), "connection"], &body).await
    }
}
