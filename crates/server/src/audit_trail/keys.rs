//! The signing key, `audit.key`, and the public keys whose checkpoints count, `audit.pub`: this
//! server's, and those of before. Neither is in the database.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::Path;
use std::sync::Arc;

use audit::{PublicKey, Signer};

use crate::error::ServerError;
use crate::key;

#[derive(Debug)]
pub(crate) struct Keys {
    pub(crate) signer: Signer,
    /// This server's first.
    pub(crate) trusted: Arc<Vec<PublicKey>>,
}

impl Keys {
    /// Makes what is missing. A new `audit.key` joins `audit.pub`, and old checkpoints still count.
    pub(crate) fn load(data_dir: &Path) -> Result<Self, ServerError> {
        let seed = key::load_or_make(data_dir, "audit.key")?;
        let bad = |_| ServerError::Key { path: data_dir.join("audit.key") };
        let signer = Signer::from_seed(&seed).map_err(bad)?;
        let own = signer.public();
        let path = data_dir.join("audit.pub");
        let at = |source| ServerError::File { path: path.clone(), source };
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            Err(error) => return Err(at(error)),
        };
        let bad = |_| ServerError::PublicKeys { path: path.clone() };
        let mut trusted = audit::keys(&text).map_err(bad)?;
        if trusted.contains(&own) {
            trusted.retain(|key| *key != own);
        } else {
            let mut file = OpenOptions::new().append(true).create(true).open(&path).map_err(at)?;
            let gap = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
            file.write_all(format!("{gap}{own}\n").as_bytes())
                .and_then(|()| file.sync_all())
                .map_err(at)?;
        }
        trusted.insert(0, own);
        Ok(Self { signer, trusted: Arc::new(trusted) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_key_joins_the_old_ones() {
        let dir = std::env::temp_dir().join(format!("concentric-keys-{}", uuid::Uuid::now_v7()));
        let first = Keys::load(&dir).unwrap();
        assert_eq!(Keys::load(&dir).unwrap().trusted, first.trusted);
        fs::remove_file(dir.join("audit.key")).unwrap();
        let second = Keys::load(&dir).unwrap();
        assert_ne!(second.signer.public(), first.signer.public());
        assert_eq!(*second.trusted, [second.signer.public(), first.signer.public()]);
        let kept = fs::read_to_string(dir.join("audit.pub")).unwrap();
        assert_eq!(kept, format!("{}\n{}\n", first.signer.public(), second.signer.public()));
        fs::write(dir.join("audit.pub"), "nonsense").unwrap();
        assert!(matches!(Keys::load(&dir), Err(ServerError::PublicKeys { .. })));
        fs::remove_dir_all(dir).unwrap();
    }
}
