//! What an operator writes down: which provider, and which of its groups may do what.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use domain::access::{Grant, Grants, Role};
use domain::ids::{RingSetId, TenantId};
use secrecy::SecretString;
use serde::Deserialize;
use thiserror::Error;
use url::{Host, Url};
use uuid::Uuid;

/// A configuration that makes sense.
#[derive(Debug, Clone)]
pub struct Settings {
    /// As the provider writes it, to the last slash.
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: Option<SecretString>,
    pub(crate) scopes: Vec<String>,
    /// Whom tokens that are sent to the API are for.
    pub(crate) audience: String,
    pub(crate) groups_claim: String,
    pub(crate) name_claim: String,
    grants: Vec<(String, Grant)>,
}

/// Why a configuration is not taken.
#[derive(Debug, Error)]
pub enum ConfigError {
    #[error("{path}: {source}")]
    File { path: PathBuf, source: std::io::Error },
    #[error("{path}: {why}")]
    Syntax { path: PathBuf, why: String },
    #[error("{path}: {}", .what.join("; "))]
    Wrong { path: PathBuf, what: Vec<String> },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    issuer: String,
    client_id: String,
    client_secret_file: Option<PathBuf>,
    #[serde(default = "scopes")]
    scopes: Vec<String>,
    audience: Option<String>,
    #[serde(default = "groups_claim")]
    groups_claim: String,
    #[serde(default = "name_claim")]
    name_claim: String,
    #[serde(default)]
    grants: Vec<WrittenGrant>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenGrant {
    group: String,
    roles: Vec<Role>,
    tenant_id: Option<Uuid>,
    ring_set_ids: Option<BTreeSet<Uuid>>,
}

fn scopes() -> Vec<String> {
    ["openid", "profile", "email"].map(str::to_owned).to_vec()
}

fn groups_claim() -> String {
    "groups".to_owned()
}

fn name_claim() -> String {
    "preferred_username".to_owned()
}

impl Settings {
    /// Reads a file, JSON if it is called so and else TOML, and the secret that it names.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let at = |path: &Path| {
            let path = path.to_owned();
            move |source| ConfigError::File { path, source }
        };
        let text = std::fs::read_to_string(path).map_err(at(path))?;
        let is_json =
            path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
        let written: Written = if is_json {
            serde_json::from_str(&text).map_err(|error| error.to_string())
        } else {
            toml::from_str(&text).map_err(|error| in_words(&text, &error))
        }
        .map_err(|why| ConfigError::Syntax { path: path.to_owned(), why })?;
        let secret = match &written.client_secret_file {
            None => None,
            Some(file) => {
                // Beside the file that names it, unless it says otherwise.
                let file = path.parent().map_or_else(|| file.clone(), |parent| parent.join(file));
                let text = std::fs::read_to_string(&file).map_err(at(&file))?;
                Some(text.trim().to_owned())
            }
        };
        let wrong = wrong(&written, secret.as_deref());
        if !wrong.is_empty() {
            return Err(ConfigError::Wrong { path: path.to_owned(), what: wrong });
        }
        Ok(Self::of(written, secret))
    }

    fn of(written: Written, secret: Option<String>) -> Self {
        let mut scopes = written.scopes;
        if !scopes.iter().any(|scope| scope == "openid") {
            scopes.insert(0, "openid".to_owned());
        }
        let grants = written.grants.into_iter().map(|grant| {
            let ring_sets = grant.ring_set_ids;
            let reach = Grant {
                roles: grant.roles.into_iter().collect(),
                tenant: grant.tenant_id.map(TenantId),
                ring_sets: ring_sets.map(|sets| sets.into_iter().map(RingSetId).collect()),
            };
            (grant.group, reach)
        });
        Self {
            issuer: written.issuer,
            audience: written.audience.unwrap_or_else(|| written.client_id.clone()),
            client_id: written.client_id,
            client_secret: secret.map(Into::into),
            scopes,
            groups_claim: written.groups_claim,
            name_claim: written.name_claim,
            grants: grants.collect(),
        }
    }

    /// What somebody in these groups may do; nothing in many cases.
    pub(crate) fn grants(&self, groups: &[String]) -> Grants {
        let theirs = self.grants.iter().filter(|(group, _)| groups.contains(group));
        Grants(theirs.map(|(_, grant)| grant.clone()).collect())
    }

    /// The host of the provider with its port, which the operator allows by naming it.
    #[must_use]
    pub fn allows(&self) -> Option<String> {
        let url = Url::parse(&self.issuer).ok()?;
        Some(format!("{}:{}", url.host_str()?, url.port_or_known_default()?))
    }
}

/// Without the line itself, in which somebody may have written a secret.
fn in_words(text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start));
    match before.map(|before| before.matches('\n').count() + 1) {
        Some(line) => format!("line {line}: {}", error.message()),
        None => error.message().to_owned(),
    }
}

/// Everything that is wrong, not only what comes first.
fn wrong(written: &Written, secret: Option<&str>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut say = |what: &dyn fmt::Display| wrong.push(what.to_string());
    if let Err(why) = issuer(&written.issuer) {
        say(&format_args!("issuer: {why}"));
    }
    if written.client_id.trim().is_empty() {
        say(&"client_id: it is empty");
    }
    if written.audience.as_deref().is_some_and(|audience| audience.trim().is_empty()) {
        say(&"audience: it is empty; leave it out for the client_id");
    }
    if secret.is_some_and(str::is_empty) {
        say(&"client_secret_file: the file is empty");
    }
    for scope in &written.scopes {
        if scope.is_empty() || !scope.bytes().all(|byte| byte.is_ascii_graphic()) {
            say(&format_args!("scopes: {scope:?} is no scope"));
        }
    }
    for (name, claim) in
        [("groups_claim", &written.groups_claim), ("name_claim", &written.name_claim)]
    {
        if claim.trim().is_empty() {
            say(&format_args!("{name}: it is empty"));
        }
    }
    if written.grants.is_empty() {
        say(&"grants: nobody could sign in; map a group to its roles");
    }
    for (number, grant) in written.grants.iter().enumerate() {
        if grant.group.trim().is_empty() {
            say(&format_args!("grants[{number}].group: it is empty"));
        }
        if grant.roles.is_empty() {
            say(&format_args!("grants[{number}].roles: a group needs a role"));
        }
        if grant.ring_set_ids.as_ref().is_some_and(BTreeSet::is_empty) {
            say(&format_args!("grants[{number}].ring_set_ids: it is empty; leave it out for all"));
        }
        if grant.ring_set_ids.is_some() && grant.tenant_id.is_none() {
            say(&format_args!(
                "grants[{number}].tenant_id: ring sets belong to a tenant; name it too"
            ));
        }
    }
    wrong
}

/// OpenID Connect Discovery 1.0, 3: https, and neither query nor fragment. Plain http is for a
/// provider on the same machine.
fn issuer(text: &str) -> Result<(), &'static str> {
    let url = Url::parse(text).map_err(|_| "it is no URL")?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err("neither a query nor a fragment belongs to it");
    }
    let is_loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => return Err("it has no host"),
    };
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_loopback => Ok(()),
        _ => Err("it has to begin with https://"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong_with(change: impl FnOnce(&mut String)) -> Vec<String> {
        let mut text = "issuer = 'https://id.example'\nclient_id = 'c'\n".to_owned();
        change(&mut text);
        let written: Written = toml::from_str(&text).unwrap();
        wrong(&written, None)
    }

    const GRANT: &str = "[[grants]]\ngroup = 'ops'\nroles = ['operator']\n";

    #[test]
    fn what_is_wrong_is_said_all_at_once() {
        assert_eq!(wrong_with(|text| text.push_str(GRANT)), [""; 0]);
        let grants = "[[grants]]\ngroup = ''\nroles = []\nring_set_ids = []\n";
        assert_eq!(
            wrong_with(|text| {
                text.push_str("audience = ' '\nscopes = ['a b']\ngroups_claim = ''\n");
                text.push_str(grants);
            }),
            [
                "audience: it is empty; leave it out for the client_id",
                "scopes: \"a b\" is no scope",
                "groups_claim: it is empty",
                "grants[0].group: it is empty",
                "grants[0].roles: a group needs a role",
                "grants[0].ring_set_ids: it is empty; leave it out for all",
                "grants[0].tenant_id: ring sets belong to a tenant; name it too",
            ]
        );
        assert_eq!(wrong_with(|_| {}), ["grants: nobody could sign in; map a group to its roles"]);
    }

    #[test]
    fn an_issuer_is_reached_by_https() {
        for good in ["https://id.example", "https://id.example/realms/x/", "http://127.0.0.1:3000"]
        {
            assert_eq!(issuer(good), Ok(()), "{good}");
        }
        for bad in ["id.example", "http://id.example", "ftp://id.example", "https://id.example?a"] {
            assert!(issuer(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn unknown_words_are_refused() {
        let text = "issuer = 'https://id.example'\nclient_id = 'c'\nclient_secret = 's'\n";
        let error =
            toml::from_str::<Written>(text).err().expect("a secret has no place in the file");
        let said = in_words(text, &error);
        assert!(said.starts_with("line 3: unknown field `client_secret`"), "{said}");
        assert!(!said.contains("'s'"), "{said}");
        let text = format!("issuer = 'x'\nclient_id = 'c'\n{}", GRANT.replace("operator", "king"));
        assert!(toml::from_str::<Written>(&text).is_err());
    }
}
