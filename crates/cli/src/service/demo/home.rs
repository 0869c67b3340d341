//! The directory of a demo: database, key, token and log.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::failure::Failure;
use crate::output::say;

/// Goes away with the demo unless somebody named it.
#[derive(Debug)]
pub(crate) struct Home {
    path: PathBuf,
    is_temporary: bool,
}

impl Home {
    pub(crate) fn new(given: Option<PathBuf>) -> Result<Self, Failure> {
        let is_temporary = given.is_none();
        // As root the database runs under another account, which a TMPDIR of root's own would
        // keep out.
        let name = format!("concentric-demo-{}", std::process::id());
        let path = given.unwrap_or_else(|| Path::new("/tmp").join(name));
        let path = std::path::absolute(&path).map_err(failed(&path))?;
        fs::create_dir_all(&path).map_err(failed(&path))?;
        // The simulated fleet starts afresh; a database that knows another one would not fit.
        let mut entries = fs::read_dir(&path).map_err(failed(&path))?;
        if entries.next().is_some() {
            return Err(Failure::Usage(format!(
                "{} is not empty; a demo starts in an empty directory",
                path.display()
            )));
        }
        Ok(Self { path, is_temporary })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn log_file(&self) -> Result<File, Failure> {
        let path = self.path.join("concentric.log");
        File::create(&path).map_err(failed(&path))
    }

    /// For its owner's eyes only.
    pub(crate) fn keep_token(&self, token: &str) -> Result<(), Failure> {
        let path = self.path.join("token");
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path);
        file.and_then(|mut file| writeln!(file, "{token}")).map_err(failed(&path))
    }

    /// A failure of the demo together with the log's last lines, which would go away with it.
    pub(crate) fn explain(&self, failure: Failure) -> Failure {
        let log = fs::read_to_string(self.path.join("concentric.log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        for line in lines.iter().skip(lines.len().saturating_sub(10)) {
            say(&format!("log: {line}"));
        }
        failure
    }

    pub(crate) fn how_to_look(&self, url: &str) -> Vec<String> {
        let token = self.path.join("token");
        vec![
            String::new(),
            format!(
                "The service goes on at {url} until Ctrl-C. Look around from another terminal:"
            ),
            format!("  export CONCENTRIC_URL={url} CONCENTRIC_TOKEN_FILE={}", token.display()),
            "  concentric rollout list".to_owned(),
            "  concentric rollout explain demo".to_owned(),
            "  concentric rollout events demo".to_owned(),
            "  concentric device list --rollout demo --state failed".to_owned(),
            format!("Logs: {}", self.path.join("concentric.log").display()),
        ]
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if self.is_temporary {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

fn failed(path: &Path) -> impl Fn(std::io::Error) -> Failure {
    let path = path.display().to_string();
    move |error| Failure::Failed(format!("{path}: {error}"))
}
