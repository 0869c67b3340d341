//! Graph is told which trace a call belongs to, if there is one.

use msgraph::Version;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::trace::SdkTracerProvider;
use serde_json::{Value, json};
use tracing::Instrument as _;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::fake::{Fake, refusal, reply};

#[tokio::test]
async fn a_call_carries_the_trace_and_none_without_one() {
    let fake = Fake::start(|seen| match seen.nth {
        1 => refusal(429, "TooManyRequests", "later").header("Retry-After", "0"),
        _ => reply(200, &json!({})),
    })
    .await;
    let client = fake.client();
    let get = async || {
        let read: Value = client.get_json(Version::V1, "/thing").await.unwrap();
        read
    };
    get().await;
    let provider = SdkTracerProvider::builder().build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
    // Of this thread, on which the whole test runs.
    let guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
    let span = tracing::info_span!("work");
    let id = trace::trace_id(&span).unwrap();
    get().instrument(span).await;
    drop(guard);
    let calls = fake.calls();
    let told: Vec<Option<&str>> = calls.iter().map(|call| call.traceparent.as_deref()).collect();
    assert_eq!((told.len(), told[0]), (3, None), "{told:?}");
    for header in &told[1..] {
        let header = header.unwrap();
        assert!(header.starts_with(&format!("00-{id}-")) && header.ends_with("-01"), "{header}");
    }
    // Whoever gives out tokens is not told.
    assert!(fake.tokens().iter().all(|one| one.traceparent.is_none()));
}
