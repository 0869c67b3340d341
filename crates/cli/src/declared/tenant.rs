//! Documents that say which tenant a file is about, and how it is reached.

use std::path::{Path, PathBuf};

use api_types::{ConnectionInput, CreateTenant, CredentialInput};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Document, Place};
use crate::commands::read_text;
use crate::failure::Failure;

/// A tenant that shall be served. Secrets stand beside the file, never in it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TenantFile {
    pub(crate) name: String,
    entra_tenant_id: Uuid,
    client_id: Uuid,
    graph_url: Option<String>,
    login_url: Option<String>,
    credential: Credential,
    secret_expires_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, PartialEq)]
enum Credential {
    SecretFile(PathBuf),
    SecretEnv(String),
    Certificate { certificate: PathBuf, key: PathBuf },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    #[serde(rename = "kind")]
    _kind: IgnoredAny,
    name: String,
    entra_tenant_id: Uuid,
    client_id: Uuid,
    #[serde(default)]
    graph_url: Option<String>,
    #[serde(default)]
    login_url: Option<String>,
    #[serde(default)]
    secret_file: Option<PathBuf>,
    #[serde(default)]
    secret_env: Option<String>,
    #[serde(default)]
    secret_expires_at: Option<DateTime<Utc>>,
    #[serde(default)]
    certificate_file: Option<PathBuf>,
    #[serde(default)]
    key_file: Option<PathBuf>,
}

pub(super) fn read(document: &Document) -> Result<TenantFile, Failure> {
    let place = document.place();
    let fields: Fields = document.parse()?;
    let credential =
        match (fields.secret_file, fields.secret_env, fields.certificate_file, fields.key_file) {
            (Some(file), None, None, None) => Credential::SecretFile(beside(&place, &file)),
            (None, Some(name), None, None) => Credential::SecretEnv(name),
            (None, None, Some(certificate), Some(key)) => Credential::Certificate {
                certificate: beside(&place, &certificate),
                key: beside(&place, &key),
            },
            _ => {
                return Err(place.wrong(
                    "a tenant takes one of `secret_file`, `secret_env`, or `certificate_file` with \
                 `key_file`; a secret itself stands in no file",
                ));
            }
        };
    if fields.secret_expires_at.is_some() && matches!(credential, Credential::Certificate { .. }) {
        return Err(place.wrong("`secret_expires_at` is of a secret; a certificate says so itself"));
    }
    Ok(TenantFile {
        name: fields.name,
        entra_tenant_id: fields.entra_tenant_id,
        client_id: fields.client_id,
        graph_url: fields.graph_url,
        login_url: fields.login_url,
        credential,
        secret_expires_at: fields.secret_expires_at,
    })
}

/// A path in a file is meant from where the file is; that of stdin from here.
fn beside(place: &Place, path: &Path) -> PathBuf {
    Path::new(&place.file).parent().map_or_else(|| path.to_owned(), |folder| folder.join(path))
}

impl TenantFile {
    /// What is compared with what there is. Of a credential only its kind is ever shown.
    pub(crate) fn view(&self) -> Value {
        let kind = match self.credential {
            Credential::SecretFile(_) | Credential::SecretEnv(_) => "secret",
            Credential::Certificate { .. } => "certificate",
        };
        let mut view = json!({ "entra_tenant_id": self.entra_tenant_id, "client_id": self.client_id,
            "credential": kind });
        for (name, url) in [("graph_url", &self.graph_url), ("login_url", &self.login_url)] {
            if let Some(url) = url {
                view[name] = json!(url);
            }
        }
        if let Some(at) = self.secret_expires_at {
            view["credential_expires_at"] = json!(at);
        }
        view
    }

    /// Reads the credential, so only when it is to be sent.
    pub(crate) fn body(&self, place: &Place) -> Result<CreateTenant, Failure> {
        let credential = match &self.credential {
            Credential::SecretFile(file) => {
                let secret = read_text(file)?.trim().to_owned();
                CredentialInput::Secret { secret, expires_at: self.secret_expires_at }
            }
            Credential::SecretEnv(name) => {
                let secret = std::env::var(name).ok().filter(|secret| !secret.trim().is_empty());
                let secret = secret.ok_or_else(|| {
                    place.wrong(&format!("the environment has no `{name}` with the secret"))
                })?;
                let secret = secret.trim().to_owned();
                CredentialInput::Secret { secret, expires_at: self.secret_expires_at }
            }
            Credential::Certificate { certificate, key } => CredentialInput::Certificate {
                certificate_pem: read_text(certificate)?,
                private_key_pem: read_text(key)?,
            },
        };
        Ok(CreateTenant {
            name: self.name.clone(),
            connection: ConnectionInput {
                entra_tenant_id: self.entra_tenant_id,
                client_id: self.client_id,
                credential,
                graph_url: self.graph_url.clone(),
                login_url: self.login_url.clone(),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::documents;
    use super::*;

    const IDS: &str = "kind: Tenant\nname: contoso\n\
        entra_tenant_id: 11111111-1111-1111-1111-111111111111\n\
        client_id: 22222222-2222-2222-2222-222222222222\n";

    fn of(more: &str) -> Result<TenantFile, String> {
        let documents = documents::split("folder/f", &format!("{IDS}{more}"));
        read(&documents[0]).map_err(|error| error.brief())
    }

    #[test]
    fn files_of_secrets_are_beside_the_file() {
        let tenant = of("secret_file: graph.secret").expect("it is one");
        assert_eq!(tenant.credential, Credential::SecretFile("folder/graph.secret".into()));
        let tenant = of("certificate_file: /etc/c.pem\nkey_file: k.pem").expect("it is one");
        let Credential::Certificate { certificate, key } = tenant.credential else {
            panic!("a certificate")
        };
        assert_eq!((certificate, key), ("/etc/c.pem".into(), "folder/k.pem".into()));
    }

    #[test]
    fn there_is_one_credential_and_no_secret() {
        for more in [
            "",
            "secret_file: a\nsecret_env: B",
            "certificate_file: a",
            "key_file: a",
            "secret_file: a\nkey_file: b",
        ] {
            let said = of(more).expect_err(more);
            assert!(said.contains("takes one of"), "{more}: {said}");
        }
        let said = of("certificate_file: a\nkey_file: b\nsecret_expires_at: 2027-01-01T00:00:00Z");
        assert!(said.expect_err("of a secret").contains("says so itself"));
        let tenant =
            of("secret_env: A\nsecret_expires_at: 2027-01-01T00:00:00Z").expect("it is one");
        assert_eq!(tenant.view()["credential_expires_at"], "2027-01-01T00:00:00Z");
        assert!(of("secret: hush").expect_err("refused").contains("secret"));
    }
}
