//! Keys: 32 random bytes. `audit.key` in the data directory is the seed that checkpoints are signed with.
//! Those that seal tenants' credentials come from a file (`secret.key` there, made when missing), from the
//! environment, or from a command that asks a key management service.
//!
//! A source of sealing keys gives one or more, one a line: the first seals, all of them open. So a key is
//! replaced by putting another one before it, sealing everything anew, and taking the old one away.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use audit::Hex;
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use uuid::Uuid;

use crate::error::ServerError;

/// The variable that holds keys.
pub(crate) const VARIABLE: &str = "CONCENTRIC_KEY";
/// A command that takes longer gives no key.
const PATIENCE: Duration = Duration::from_secs(30);
/// More text is no list of keys.
const LONGEST: u64 = 64 * 1024;

/// Where the keys are that seal credentials.
#[derive(Clone, PartialEq, Eq)]
pub enum KeySource {
    /// The file of that name, made when missing: `secret.key` in the data directory.
    Own(PathBuf),
    /// A file that has to be there.
    File(PathBuf),
    /// The variable `CONCENTRIC_KEY`.
    Environment,
    /// What a command of the shell prints.
    Command(String),
}

impl std::fmt::Debug for KeySource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Own(path) | Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Environment => f.write_str("Environment"),
            // It may name a secret.
            Self::Command(_) => f.write_str("Command(..)"),
        }
    }
}

impl KeySource {
    /// The file that can be written anew.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::Own(path) | Self::File(path) => Some(path),
            Self::Environment | Self::Command(_) => None,
        }
    }

    /// The keys as they are now. The first seals.
    pub(crate) fn read(&self) -> Result<Vec<[u8; 32]>, ServerError> {
        match self {
            Self::File(path) => {
                let text = fs::read_to_string(path).map_err(at(path))?;
                parse(&text).ok_or_else(|| ServerError::Key { path: path.clone() })
            }
            Self::Own(path) => {
                if let Some(parent) = path.parent() {
                    fs::create_dir_all(parent).map_err(at(parent))?;
                }
                file_keys(path)
            }
            Self::Environment => {
                let text = std::env::var(VARIABLE).unwrap_or_default();
                parse(&text).ok_or(ServerError::KeySource("CONCENTRIC_KEY holds no key"))
            }
            Self::Command(command) => parse(&printed(command)?)
                .ok_or(ServerError::KeySource("the key command prints no key")),
        }
    }
}

/// The key `name` in the data directory, made when there is none. Servers that start at once over one
/// directory get the same.
pub(crate) fn load_or_make(data_dir: &Path, name: &str) -> Result<[u8; 32], ServerError> {
    fs::create_dir_all(data_dir).map_err(at(data_dir))?;
    let path = data_dir.join(name);
    match file_keys(&path)?.as_slice() {
        [only] => Ok(*only),
        _ => Err(ServerError::Key { path }),
    }
}

pub(crate) fn random() -> Result<[u8; 32], ServerError> {
    let mut key = [0; 32];
    SystemRandom::new().fill(&mut key).map_err(|_| ServerError::NoRandomness)?;
    Ok(key)
}

/// The keys in a file, which is made when there is none.
fn file_keys(path: &Path) -> Result<Vec<[u8; 32]>, ServerError> {
    let key = random()?;
    match make(path, &Hex(key)) {
        Ok(()) => Ok(vec![key]),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let text = fs::read_to_string(path).map_err(at(path))?;
            parse(&text).ok_or_else(|| ServerError::Key { path: path.to_owned() })
        }
        Err(error) => Err(at(path)(error)),
    }
}

/// Puts these keys into a file in the place of those that are there, whole or not at all.
pub(crate) fn replace(path: &Path, keys: &[[u8; 32]]) -> Result<(), ServerError> {
    let lines: Vec<String> = keys.iter().map(|key| Hex(*key).to_string()).collect();
    let aside = beside(path);
    let written = write(&aside, &lines.join("\n")).and_then(|()| {
        fs::rename(&aside, path)?;
        // The directory is what remembers the new name.
        path.parent().map_or(Ok(()), |parent| fs::File::open(parent)?.sync_all())
    });
    written.map_err(at(path))
}

fn at(path: &Path) -> impl Fn(io::Error) -> ServerError + use<> {
    let path = path.to_owned();
    move |source| ServerError::File { path: path.clone(), source }
}

fn beside(path: &Path) -> PathBuf {
    path.with_extension(format!("{}.new", Uuid::now_v7().simple()))
}

/// For its owner's eyes only.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Whoever sees the file sees all of it: it is written under another name, and linked.
fn make(path: &Path, key: &Hex<32>) -> io::Result<()> {
    if path.exists() {
        return Err(ErrorKind::AlreadyExists.into());
    }
    let aside = beside(path);
    write(&aside, &key.to_string())?;
    let linked = fs::hard_link(&aside, path);
    fs::remove_file(&aside)?;
    linked
}

/// One key or more, in hexadecimal digits or in base64, separated by lines, spaces or commas.
fn parse(text: &str) -> Option<Vec<[u8; 32]>> {
    let words = text.split([',', '\n', '\r', ' ', '\t']).filter(|word| !word.is_empty());
    let key = |word: &str| match word.parse::<Hex<32>>() {
        Ok(key) => Some(key.0),
        Err(_) => STANDARD.decode(word).ok()?.try_into().ok(),
    };
    let keys: Vec<[u8; 32]> = words.map(key).collect::<Option<_>>()?;
    (!keys.is_empty()).then_some(keys)
}

/// What a command prints. What it says on the side goes where ours does; an error quotes neither.
fn printed(command: &str) -> Result<String, ServerError> {
    let failed = ServerError::KeySource;
    let mut child = Command::new("sh")
        .args(["-c", command])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|_| failed("the key command cannot be run"))?;
    let output = child.stdout.take();
    let reading = std::thread::spawn(move || {
        let mut text = String::new();
        output.map(|output| output.take(LONGEST).read_to_string(&mut text)).map(|_| text)
    });
    let began = Instant::now();
    let status = loop {
        match child.try_wait().map_err(|_| failed("the key command cannot be waited for"))? {
            Some(status) => break status,
            None if began.elapsed() > PATIENCE => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(failed("the key command takes longer than 30 seconds"));
            }
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    };
    if !status.success() {
        return Err(failed("the key command fails"));
    }
    reading.join().ok().flatten().ok_or(failed("the key command prints no text"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn directory() -> PathBuf {
        std::env::temp_dir().join(format!("concentric-key-{}", Uuid::now_v7()))
    }

    #[test]
    fn a_key_is_made_once_and_read_back() {
        let dir = directory();
        assert!(KeySource::File(dir.join("secret.key")).read().is_err(), "it has to be there");
        let made = load_or_make(&dir, "audit.key").unwrap();
        assert_eq!(load_or_make(&dir, "audit.key").unwrap(), made);
        assert_ne!(made, [0; 32]);
        let source = KeySource::Own(dir.join("secret.key"));
        let keys = source.read().unwrap();
        assert_eq!((keys.len(), keys[0] == made), (1, false));
        assert_eq!(source.read().unwrap(), keys);
        let rights = fs::metadata(dir.join("secret.key")).unwrap().permissions().mode();
        assert_eq!(rights & 0o777, 0o600);
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 2, "nothing is left aside");
        fs::write(dir.join("audit.key"), "short").unwrap();
        assert!(matches!(load_or_make(&dir, "audit.key"), Err(ServerError::Key { .. })));
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn keys_are_put_in_the_place_of_others() {
        let dir = directory();
        let source = KeySource::Own(dir.join("secret.key"));
        let old = source.read().unwrap()[0];
        replace(&dir.join("secret.key"), &[[1; 32], old]).unwrap();
        assert_eq!(source.read().unwrap(), [[1; 32], old]);
        let rights = fs::metadata(dir.join("secret.key")).unwrap().permissions().mode();
        assert_eq!(rights & 0o777, 0o600);
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 1);
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn keys_are_written_in_two_ways() {
        let (hex, base64) = ("01".repeat(32), STANDARD.encode([2; 32]));
        assert_eq!(parse(&hex), Some(vec![[1; 32]]));
        assert_eq!(parse(&format!("{base64}\n{hex}\n")), Some(vec![[2; 32], [1; 32]]));
        assert_eq!(parse(&format!("{base64}, {hex}")), Some(vec![[2; 32], [1; 32]]));
        for wrong in ["", "\n", "01", &format!("{hex} x"), &STANDARD.encode([2; 31])] {
            assert_eq!(parse(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_command_prints_a_key_and_says_nothing_else() {
        let hex = "03".repeat(32);
        let command = |text: String| KeySource::Command(text);
        assert_eq!(command(format!("echo {hex}")).read().unwrap(), [[3; 32]]);
        for (wrong, said) in [
            (format!("echo x{hex}"), "the key command prints no key"),
            (format!("echo {hex}; exit 3"), "the key command fails"),
            ("true".to_owned(), "the key command prints no key"),
        ] {
            let error = command(wrong).read().unwrap_err();
            assert_eq!(error.to_string(), format!("the key that seals credentials: {said}"));
        }
        assert_eq!(format!("{:?}", command("cat /keys".to_owned())), "Command(..)");
    }
}
