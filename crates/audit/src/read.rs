//! Reading trails, checkpoints and keys line by line.

use std::io::{self, BufRead, Read as _};

use crate::damage::{Damage, What};
use crate::export::Line;
use crate::hex::{BadHex, PublicKey};
use crate::outside::Outside;
use crate::verify::{Report, Trust, Verifier};

/// No entry is this long; a line that is would only fill memory.
const LONGEST: u64 = 16 * 1024 * 1024;

/// Why a trail did not pass.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    /// `line` counts from 1.
    #[error("line {line}: {damage}")]
    Damaged { line: u64, damage: Damage },
}

/// Follows a whole export.
pub fn verify(reader: impl BufRead, mut verifier: Verifier) -> Result<Report, ReadError> {
    let mut lines = Lines::new(reader);
    while lines.next()? {
        let read = lines.text().and_then(Line::parse);
        let step = match read {
            Some(line) => verifier.line(&line),
            None => Err(verifier.damage(What::Unreadable)),
        };
        step.map_err(|damage| ReadError::Damaged { line: lines.count, damage })?;
    }
    let line = lines.count;
    verifier.finish().map_err(|damage| ReadError::Damaged { line, damage })
}

impl Outside {
    /// Takes in a whole file.
    pub fn read(&mut self, reader: impl BufRead, trust: &Trust) -> Result<(), ReadError> {
        let mut lines = Lines::new(reader);
        while lines.next()? {
            // What is no text is torn as well.
            let step = self.line(lines.text().unwrap_or_default(), trust);
            step.map_err(|damage| ReadError::Damaged { line: lines.count, damage })?;
        }
        Ok(())
    }
}

/// The public keys of a file: one a line, `#` begins a comment.
pub fn keys(text: &str) -> Result<Vec<PublicKey>, BadHex> {
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    lines.filter(|line| !line.is_empty()).map(str::parse).collect()
}

struct Lines<R> {
    reader: R,
    buffer: Vec<u8>,
    count: u64,
}

impl<R: BufRead> Lines<R> {
    const fn new(reader: R) -> Self {
        Self { reader, buffer: Vec::new(), count: 0 }
    }

    /// Reads on by a line; false at the end.
    fn next(&mut self) -> io::Result<bool> {
        self.buffer.clear();
        let read = self.reader.by_ref().take(LONGEST).read_until(b'\n', &mut self.buffer)?;
        self.count += u64::from(read > 0);
        Ok(read > 0)
    }

    /// The line without its end; none if it has no end, or is not UTF-8.
    fn text(&self) -> Option<&str> {
        std::str::from_utf8(self.buffer.strip_suffix(b"\n")?).ok()
    }
}
