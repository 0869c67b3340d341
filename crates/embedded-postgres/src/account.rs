//! The account that runs the server. PostgreSQL refuses to run as root, so root drops to another
//! account; anyone else runs the server as themselves.

use std::os::unix::fs::{MetadataExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use crate::cluster::Paths;
use crate::error::Error;

const OWNER_MAY_PASS: u32 = 0o100;
const GROUP_MAY_PASS: u32 = 0o010;
const OTHERS_MAY_PASS: u32 = 0o001;

/// Someone other than root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    name: String,
}

impl Account {
    /// Nobody else when not root; the owner of an existing cluster; else `postgres` or `nobody`.
    pub(crate) fn for_cluster(paths: &Paths) -> Result<Option<Self>, Error> {
        if own_uid()? != 0 {
            return Ok(None);
        }
        if paths.major()?.is_some() {
            let owner = paths.data.metadata().map_err(Error::at(&paths.data))?;
            if owner.uid() != 0 {
                let name = format!("uid {}", owner.uid());
                return Ok(Some(Self { uid: owner.uid(), gid: owner.gid(), name }));
            }
        }
        let passwd = Path::new("/etc/passwd");
        let accounts = std::fs::read_to_string(passwd).map_err(Error::at(passwd))?;
        let account = find(&accounts, "postgres").or_else(|| find(&accounts, "nobody"));
        account.map(Some).ok_or(Error::NoAccount)
    }

    /// PostgreSQL opens its files by absolute path, so every directory above must let it pass.
    pub(crate) fn must_reach(&self, directory: &Path) -> Result<(), Error> {
        for ancestor in directory.ancestors() {
            let metadata = ancestor.metadata().map_err(Error::at(ancestor))?;
            let needed = if metadata.uid() == self.uid {
                OWNER_MAY_PASS
            } else if metadata.gid() == self.gid {
                GROUP_MAY_PASS
            } else {
                OTHERS_MAY_PASS
            };
            if metadata.mode() & needed == 0 {
                let (directory, account) = (ancestor.to_owned(), self.name.clone());
                return Err(Error::Closed { directory, account });
            }
        }
        Ok(())
    }

    pub(crate) fn own(&self, path: &Path) -> Result<(), Error> {
        chown(path, Some(self.uid), Some(self.gid)).map_err(Error::at(path))
    }

    /// The standard library drops root's supplementary groups along with the uid.
    pub(crate) fn run(&self, command: &mut Command) {
        command.uid(self.uid).gid(self.gid);
    }
}

pub(crate) fn own_uid() -> Result<u32, Error> {
    let program = || "id".to_owned();
    let output = Command::new("id").arg("-u").output();
    let output = output.map_err(|source| Error::Run { program: program(), source })?;
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    said.parse().map_err(|_| Error::Failed { program: program(), said })
}

fn find(accounts: &str, name: &str) -> Option<Account> {
    accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next()? != name {
            return None;
        }
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        Some(Account { uid, gid, name: name.to_owned() })
    })
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn accounts_are_found_by_their_whole_name() {
        let accounts = "postgresql:x:7:8::/:/bin/sh\npostgres:x:101:104:admin,,,:/var:/bin/bash\n";
        let account = find(accounts, "postgres").expect("it is listed");
        assert_eq!((account.uid, account.gid), (101, 104));
        assert_eq!(find(accounts, "nobody"), None);
    }
}
