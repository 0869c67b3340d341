//! Recording of traffic, one file per request, in the shape the conformance checker reads.

use std::path::PathBuf;

use serde_json::json;

use crate::graph::reply::{Body, Reply};
use crate::graph::request::Request;

#[derive(Debug)]
pub(crate) struct Recorder {
    dir: PathBuf,
    next: u64,
}

impl Recorder {
    pub(crate) fn new(dir: PathBuf) -> std::io::Result<Self> {
        std::fs::create_dir_all(&dir)?;
        Ok(Self { dir, next: 1 })
    }

    pub(crate) fn write(&mut self, request: &Request, reply: &Reply) {
        // Several simulators of one process may share a folder; only a free name is taken.
        let (id, file) = loop {
            let id = format!("{}-{}", std::process::id(), self.next);
            self.next += 1;
            let path = self.dir.join(format!("{id}.json"));
            match std::fs::File::create_new(path) {
                Ok(file) => break (id, file),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return tracing::error!(%error, "cannot record a request"),
            }
        };
        // The schema describes successful bodies only.
        let shown = reply.status < 400 && !reply.injected;
        let case = json!({
            "id": id,
            "version": request.version.name(),
            "method": request.method,
            "path": request.shown_path(),
            "request": request.body,
            "status": reply.status,
            "response": if shown { reply.body.clone().map(Body::into_value) } else { None },
        });
        if let Err(error) = serde_json::to_writer(std::io::BufWriter::new(file), &case) {
            tracing::error!(%error, "cannot record a request");
        }
    }
}
