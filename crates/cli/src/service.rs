//! What runs the service rather than asking it. Behind the feature `service`.

pub(crate) mod demo;
pub(crate) mod key;
mod mail;
pub(crate) mod serve;
pub(crate) mod simulator;

use std::path::Path;

use tokio::signal;

use crate::failure::Failure;

/// Ends when somebody asks the program to stop: Ctrl-C, or what service managers send.
async fn asked_to_stop() {
    #[cfg(unix)]
    if let Ok(mut terminate) = signal::unix::signal(signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        return;
    }
    let _ = signal::ctrl_c().await;
}

/// It holds a password, so it is read here and has no argument.
fn database_url() -> Option<String> {
    std::env::var("CONCENTRIC_DATABASE_URL").ok().filter(|url| !url.is_empty())
}

fn create_dir(path: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(path)
        .map_err(|error| Failure::Failed(format!("{}: {error}", path.display())))
}
