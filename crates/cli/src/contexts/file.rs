//! The configuration file: where it is, what it says, and that only its owner reads it.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use url::Url;

use crate::args::Format;
use crate::failure::Failure;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Config {
    /// The context used when nobody names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) current: Option<String>,
    #[serde(default)]
    pub(super) contexts: BTreeMap<String, Named>,
}

/// What goes by a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Named {
    #[serde(with = "address")]
    pub(super) url: Url,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) tenant: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) token_file: Option<PathBuf>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) output: Option<Format>,
}

/// A context as it is listed.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Shown {
    pub(super) name: String,
    pub(super) used: bool,
    #[serde(flatten)]
    pub(super) context: Plain,
}

/// As [`Named`], beside other fields.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Plain {
    #[serde(with = "address")]
    pub(super) url: Url,
    pub(super) tenant: Option<String>,
    pub(super) token_file: Option<PathBuf>,
}

/// A URL is text in the file.
mod address {
    use serde::{Deserialize as _, Deserializer, Serializer, de};
    use url::Url;

    pub(super) fn serialize<S: Serializer>(url: &Url, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(url.as_str())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Url, D::Error> {
        let text = String::deserialize(from)?;
        Url::parse(&text).map_err(|error| de::Error::custom(format!("`{text}`: {error}")))
    }
}

impl Config {
    /// What the file says; nothing where there is none.
    pub(super) fn read() -> Result<Self, Failure> {
        let Ok(path) = path() else { return Ok(Self::default()) };
        match std::fs::read_to_string(&path) {
            Ok(text) => toml::from_str(&text)
                .map_err(|error| Failure::Usage(format!("{}: {error}", path.display()))),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(Failure::Usage(format!("{}: {error}", path.display()))),
        }
    }

    pub(super) fn write(&self) -> Result<(), Failure> {
        let text = toml::to_string(self)
            .map_err(|error| Failure::Failed(format!("the configuration: {error}")))?;
        write_private(&path()?, &text)
    }
}

/// `CONCENTRIC_CONFIG`, else where the system keeps such files.
pub(super) fn path() -> Result<PathBuf, Failure> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = || {
        if cfg!(windows) {
            set("APPDATA")
        } else {
            set("XDG_CONFIG_HOME").or_else(|| Some(set("HOME")?.join(".config")))
        }
    };
    let path =
        set("CONCENTRIC_CONFIG").or_else(|| Some(home()?.join("concentric").join("config.toml")));
    path.ok_or_else(|| {
        Failure::Usage("there is no home directory; CONCENTRIC_CONFIG names the file".to_owned())
    })
}

/// Where the token of a context is kept.
pub(super) fn token_file(name: &str) -> Result<PathBuf, Failure> {
    Ok(path()?.with_file_name(format!("{name}.token")))
}

/// A name becomes part of a file's.
pub(super) fn check_name(name: &str) -> Result<(), Failure> {
    let is_right = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    if !name.is_empty() && !name.starts_with('.') && name.len() <= 100 && name.chars().all(is_right)
    {
        return Ok(());
    }
    Err(Failure::Usage(format!(
        "`{name}` is no name of a context: letters, digits, - and _ are right"
    )))
}

/// Replaces the file as a whole, readable for its owner alone.
pub(super) fn write_private(path: &Path, text: &str) -> Result<(), Failure> {
    let wrong = |error: std::io::Error| Failure::Failed(format!("{}: {error}", path.display()));
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory).map_err(wrong)?;
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}", std::process::id()));
    let beside = path.with_file_name(name);
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside).map_err(wrong)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(wrong)?;
    std::fs::rename(&beside, path).map_err(wrong)
}

/// Who may do what with a file, where the system says so in these terms.
pub(super) fn mode(path: &Path) -> Option<u32> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let about = std::fs::metadata(path).ok()?;
        // A pipe, like that of a shell's `<(..)`, is nobody else's.
        about.is_file().then(|| about.permissions().mode() & 0o7777)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        None
    }
}

#[cfg(test)]
mod tests {
    use super::{Config, check_name};

    #[test]
    fn the_file_reads_as_it_was_written() {
        let text = "current = \"prod\"\n\n[contexts.prod]\nurl = \"https://c.corp/\"\n\
                    tenant = \"Contoso\"\ntoken_file = \"/k/t\"\noutput = \"wide\"\n";
        let config: Config = toml::from_str(text).expect("it is right");
        assert_eq!(toml::to_string(&config).as_deref(), Ok(text));
        let typo = toml::from_str::<Config>("[contexts.prod]\nurl = \"https://c/\"\ntennant = 1");
        assert!(typo.is_err(), "a typing error is not passed over");
    }

    #[test]
    fn a_name_stays_in_its_directory() {
        assert!(["prod", "a-b_c.1"].iter().all(|name| check_name(name).is_ok()));
        assert!(["", "..", "a/b", "a b", "ä"].iter().all(|name| check_name(name).is_err()));
    }
}
