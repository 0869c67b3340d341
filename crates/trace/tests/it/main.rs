//! Headers in and out.

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::layer::SubscriberExt as _;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

/// What goes out under a span that came in with `header`: the trace and the flags.
fn through(header: &str) -> (String, String) {
    let provider = SdkTracerProvider::builder().build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
        let span = tracing::info_span!("request");
        trace::adopt(&span, header);
        let id = trace::trace_id(&span).expect("it is traced");
        span.in_scope(|| {
            let out = trace::header().expect("it is traced");
            let parts: Vec<&str> = out.split('-').collect();
            assert_eq!((parts.len(), parts[0], parts[1]), (4, "00", id.as_str()), "{out}");
            assert!(!header.contains(parts[2]), "a span of its own: {out}");
            (id, parts[3].to_owned())
        })
    })
}

#[test]
fn a_trace_goes_on() {
    let sampled = through(&format!("00-{TRACE}-b7ad6b7169203331-01"));
    assert_eq!(sampled, (TRACE.to_owned(), "01".to_owned()));
    let left_out = through(&format!("00-{TRACE}-b7ad6b7169203331-00"));
    assert_eq!(left_out, (TRACE.to_owned(), "00".to_owned()), "the caller decides");
    let later = through(&format!("01-{TRACE}-b7ad6b7169203331-01-more"));
    assert_eq!(later.0, TRACE);
}

#[test]
fn what_makes_no_sense_begins_a_trace() {
    let wrong = [
        String::new(),
        "00".to_owned(),
        format!("00-{TRACE}-b7ad6b7169203331"),
        format!("00-{TRACE}-b7ad6b7169203331-01-more"),
        format!("ff-{TRACE}-b7ad6b7169203331-01"),
        format!("00-{}-b7ad6b7169203331-01", TRACE.to_uppercase()),
        format!("00-{}-b7ad6b7169203331-01", "0".repeat(32)),
        format!("00-{TRACE}-{}-01", "0".repeat(16)),
        format!("00-{TRACE}-b7ad6b7169203331-0x"),
        "00-é-é-01".to_owned(),
    ];
    for header in wrong {
        let (id, flags) = through(&header);
        assert!(id != TRACE && id.len() == 32 && flags == "01", "{header}: {id}");
    }
}

#[test]
fn without_an_exporter_there_is_nothing() {
    let span = tracing::info_span!("request");
    trace::adopt(&span, &format!("00-{TRACE}-b7ad6b7169203331-01"));
    assert_eq!(trace::trace_id(&span), None);
    assert_eq!(span.in_scope(trace::header), None);
}
