//! The key that seals tenants' credentials: 32 random bytes in a file only its owner may read.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};

use crate::error::ServerError;

pub(crate) fn load_or_make(data_dir: &Path) -> Result<[u8; 32], ServerError> {
    let at = |path: &Path| {
        let path = path.to_owned();
        move |source| ServerError::File { path, source }
    };
    fs::create_dir_all(data_dir).map_err(at(data_dir))?;
    let path = data_dir.join("secret.key");
    let mut key = [0; 32];
    SystemRandom::new().fill(&mut key).map_err(|_| ServerError::Key { path: path.clone() })?;
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
        Ok(mut file) => {
            let text = hex(&key);
            file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(at(&path))?;
            Ok(key)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let text = fs::read_to_string(&path).map_err(at(&path))?;
            parse(text.trim()).ok_or(ServerError::Key { path })
        }
        Err(error) => Err(at(&path)(error)),
    }
}

fn hex(key: &[u8]) -> String {
    use std::fmt::Write as _;
    key.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn parse(text: &str) -> Option<[u8; 32]> {
    let mut key = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (index, byte) in key.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_read_back() {
        let dir = std::env::temp_dir().join(format!("concentric-key-{}", uuid::Uuid::now_v7()));
        let made = load_or_make(&dir).unwrap();
        assert_eq!(load_or_make(&dir).unwrap(), made);
        assert_ne!(made, [0; 32]);
        fs::write(dir.join("secret.key"), "short").unwrap();
        assert!(matches!(load_or_make(&dir), Err(ServerError::Key { .. })));
        fs::remove_dir_all(dir).unwrap();
    }
}
