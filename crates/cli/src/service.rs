//! What runs the service rather than asking it. Behind the feature `service`.

pub(crate) mod demo;
pub(crate) mod serve;
pub(crate) mod simulator;

use std::path::Path;
use std::str::FromStr;

use tokio::signal;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::failure::Failure;

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

/// Logs to `writer` what `CONCENTRIC_LOG` names, by default everything from `info` on.
fn log(
    format: LogFormat,
    writer: impl for<'a> MakeWriter<'a> + Send + Sync + 'static,
    colour: bool,
) -> Result<(), Failure> {
    let directives = std::env::var("CONCENTRIC_LOG").unwrap_or_else(|_| "info".to_owned());
    let filter = EnvFilter::from_str(&directives)
        .map_err(|error| Failure::Usage(format!("CONCENTRIC_LOG: {error}")))?;
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).with_ansi(colour);
    let set = match format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
    set.map_err(|error| Failure::Failed(format!("cannot start logging: {error}")))
}

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

fn create_dir(path: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(path)
        .map_err(|error| Failure::Failed(format!("{}: {error}", path.display())))
}
