//! Checkpoints in a file: one JSON line each, on disk when it is said to be.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{
    self, BufRead as _, BufReader, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _,
};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use audit::{Checkpoint, Line};
use uuid::Uuid;

/// The last checkpoint of each chain that a file has. Lines torn by a kill are passed over: they
/// are written again.
pub(super) fn last(path: &Path) -> io::Result<BTreeMap<Uuid, Checkpoint>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(error),
    };
    let mut last: BTreeMap<Uuid, Checkpoint> = BTreeMap::new();
    for line in BufReader::new(file).split(b'\n') {
        let line = line?;
        let Some(Line::Checkpoint(checkpoint)) =
            std::str::from_utf8(&line).ok().and_then(Line::parse)
        else {
            continue;
        };
        let before = last.get(&checkpoint.tenant);
        if before.is_none_or(|before| before.seq < checkpoint.seq) {
            last.insert(checkpoint.tenant, checkpoint);
        }
    }
    Ok(last)
}

/// Adds checkpoints. Opened each time, so that it may be moved away; written at once, so that
/// servers that share it do not mix their lines.
pub(super) fn add(path: &Path, checkpoints: &[Checkpoint]) -> io::Result<()> {
    let mut file =
        OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)?;
    let mut text = String::new();
    if is_torn(&mut file)? {
        text.push('\n');
    }
    for checkpoint in checkpoints {
        text.push_str(&Line::Checkpoint(*checkpoint).to_string());
        text.push('\n');
    }
    file.write_all(text.as_bytes())?;
    file.sync_data()
}

/// Whether somebody was stopped in the middle of a line.
fn is_torn(file: &mut File) -> io::Result<bool> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

#[cfg(test)]
mod tests {
    use audit::{Outside, START, Signer, Statement, Trust};
    use chrono::DateTime;

    use super::*;

    #[test]
    fn a_torn_line_spoils_no_other() {
        let path = std::env::temp_dir().join(format!("concentric-file-{}", Uuid::now_v7()));
        let signer = Signer::from_seed(&[7; 32]).unwrap();
        let tenant = Uuid::from_u128(1);
        let checkpoint = |previous, seq| {
            let at = DateTime::UNIX_EPOCH;
            signer.sign(Statement { tenant, previous, seq, hash: START, at }).unwrap()
        };
        assert!(last(&path).unwrap().is_empty());
        add(&path, &[checkpoint(0, 5), checkpoint(5, 9)]).unwrap();
        // Killed while it wrote the second.
        let length = std::fs::metadata(&path).unwrap().len();
        OpenOptions::new().write(true).open(&path).unwrap().set_len(length - 40).unwrap();
        assert_eq!(last(&path).unwrap()[&tenant].seq, 5);
        add(&path, &[checkpoint(5, 9)]).unwrap();
        assert_eq!(last(&path).unwrap()[&tenant].seq, 9);
        let mut outside = Outside::default();
        let reader = BufReader::new(File::open(&path).unwrap());
        outside.read(reader, &Trust::Keys(vec![signer.public()])).unwrap();
        assert_eq!((outside.unreadable(), outside.gaps(tenant)), (1, 0));
        std::fs::remove_file(path).unwrap();
    }
}
