//! Traces by OTLP: protobuf over HTTP, in batches, from a thread of their own. What cannot be sent is
//! dropped and counted; nothing waits for it.

use std::time::Duration;

use async_trait::async_trait;
use domain::metric::Metric;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response, ResponseBodyTooLarge};
use opentelemetry_otlp::{
    ExporterBuildError, Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tokio::runtime::Handle;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

/// Crates whose spans are exported: those of others say what we cannot vouch for.
const OURS: [&str; 5] = ["api", "msgraph", "scheduler", "server", "store"];
/// For one batch.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The answer of a collector is a few bytes.
const MOST: usize = 64 * 1024;

/// The export of traces; `finish` sends what is left.
#[derive(Debug, Default)]
pub struct Traces {
    provider: Option<SdkTracerProvider>,
    refused: Option<String>,
}

impl Traces {
    /// Why there is none, though it was asked for.
    pub(super) fn refused(&self) -> Option<&str> {
        self.refused.as_deref()
    }

    pub(super) fn are_sent(&self) -> bool {
        self.provider.is_some()
    }

    /// Sends what was not sent yet, for a few seconds.
    pub async fn finish(self) {
        let Some(provider) = self.provider else { return };
        // It waits for a thread, which waits for this runtime.
        let ended =
            tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(TIMEOUT)).await;
        if let Ok(Err(error)) = ended {
            tracing::warn!(%error, "the last traces were not sent");
        }
    }
}

/// Off, unless somebody says where to. `endpoint` is the base address of a collector.
pub(super) fn start<S>(endpoint: Option<&str>) -> (Traces, Option<Box<dyn Layer<S> + Send + Sync>>)
where
    S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
{
    if endpoint.is_none() && !is_asked_for() {
        return (Traces::default(), None);
    }
    let provider = match provider(endpoint) {
        Ok(provider) => provider,
        Err(why) => {
            let refused = Some(why);
            return (Traces { provider: None, refused }, None);
        }
    };
    // Log lines stay out: they have a place of their own.
    let ours = filter_fn(|of: &Metadata<'_>| {
        let of_crate = of.target().split("::").next().unwrap_or_default();
        of.is_span() && OURS.contains(&of_crate)
    });
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("concentric"))
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false)
        .with_filter(ours);
    (Traces { provider: Some(provider), refused: None }, Some(layer.boxed()))
}

/// By the standard variables (OpenTelemetry specification, SDK environment variables).
fn is_asked_for() -> bool {
    let said = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    let is_off = said("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"))
        || said("OTEL_TRACES_EXPORTER").is_some_and(|value| value.trim() == "none");
    let is_named = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"]
        .into_iter()
        .any(|name| said(name).is_some());
    is_named && !is_off
}

fn provider(endpoint: Option<&str>) -> Result<SdkTracerProvider, String> {
    let runtime = Handle::try_current().map_err(|error| error.to_string())?;
    let http = reqwest::Client::builder().timeout(TIMEOUT).build();
    let http = Http { http: http.map_err(|error| error.to_string())?, runtime };
    let mut exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_http_client(http);
    if let Some(base) = endpoint {
        exporter = exporter.with_endpoint(format!("{}/v1/traces", base.trim_end_matches('/')));
    }
    let exporter = exporter.build().map_err(|error: ExporterBuildError| error.to_string())?;
    let mut resource = Resource::builder();
    if std::env::var_os("OTEL_SERVICE_NAME").is_none() {
        resource = resource.with_service_name("concentric");
    }
    let provider = SdkTracerProvider::builder()
        .with_resource(resource.build())
        .with_batch_exporter(exporter)
        .build();
    Ok(provider)
}

/// Our client, on our runtime: whoever exports has a thread without one.
#[derive(Debug)]
struct Http {
    http: reqwest::Client,
    runtime: Handle,
}

#[async_trait]
impl HttpClient for Http {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let http = self.http.clone();
        let sent = self.runtime.spawn(async move { exchange(&http, request).await }).await;
        let sent = sent.map_err(HttpError::from).flatten();
        if !sent.as_ref().is_ok_and(|answer| answer.status().is_success()) {
            metrics::counter!(Metric::TracesDropped.name()).increment(1);
        }
        sent
    }
}

async fn exchange(
    http: &reqwest::Client,
    request: Request<Bytes>,
) -> Result<Response<Bytes>, HttpError> {
    let request = reqwest::Request::try_from(request)?;
    let mut response = http.execute(request).await.map_err(reqwest::Error::without_url)?;
    let mut answer = Response::builder().status(response.status());
    if let Some(headers) = answer.headers_mut() {
        headers.clone_from(response.headers());
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > MOST {
            return Err(Box::new(ResponseBodyTooLarge::new()));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(answer.body(Bytes::from(body))?)
}
