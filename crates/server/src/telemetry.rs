//! Logs: one line an event, for people or as JSON. Traces: spans of requests, work, transactions and calls of
//! Graph, sent by OTLP, if somebody says where to.

mod otlp;

use std::fs::File;
use std::str::FromStr;
use std::sync::Mutex;

use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

pub use otlp::Traces;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    #[default]
    Text,
    Json,
}

/// A log format that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown log format {0:?}: text or json")]
pub struct UnknownLogFormat(pub String);

impl FromStr for LogFormat {
    type Err = UnknownLogFormat;

    fn from_str(text: &str) -> Result<Self, UnknownLogFormat> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            other => Err(UnknownLogFormat(other.to_owned())),
        }
    }
}

/// Starts logging to `file`, or to standard error. `CONCENTRIC_LOG` says what is logged (`info`,
/// `warn,scheduler=debug`, ...). Exports traces to the collector at `otlp`, or where the standard variables
/// of OpenTelemetry say (`OTEL_EXPORTER_OTLP_ENDPOINT`); by default nowhere. A second call changes nothing.
#[must_use = "traces that were not sent yet are lost with it"]
pub fn init(format: LogFormat, file: Option<File>, otlp: Option<&str>) -> Traces {
    let filter = EnvFilter::try_from_env("CONCENTRIC_LOG")
        .unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn,hyper=warn"));
    let colours = file.is_none();
    let writer = match file {
        Some(file) => BoxMakeWriter::new(Mutex::new(file)),
        None => BoxMakeWriter::new(std::io::stderr),
    };
    let lines = tracing_subscriber::fmt::layer().with_writer(writer);
    let lines = match format {
        LogFormat::Text => lines.with_ansi(colours).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    let (traces, layer) = otlp::start(otlp);
    let all = tracing_subscriber::registry().with(lines.with_filter(filter)).with(layer);
    if traces.are_sent() {
        trace::export();
    }
    // An error means logging was started already.
    let _ = all.try_init();
    if let Some(why) = traces.refused() {
        tracing::warn!(why, "traces are not exported");
    }
    traces
}
