//! W3C trace context: taken from whoever calls us, given to whom we call.
//!
//! Spans are those of `tracing`. Where nobody exports them (`server::telemetry`) there is no context, and
//! everything here answers none.

use std::sync::atomic::{AtomicBool, Ordering};

use opentelemetry::Context;
use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState,
};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// The header, in and out.
pub const TRACEPARENT: &str = "traceparent";

static EXPORTED: AtomicBool = AtomicBool::new(false);

/// Says, for the whole process, that spans are exported from now on.
pub fn export() {
    EXPORTED.store(true, Ordering::Relaxed);
}

/// Whether what only an export shows is worth writing down.
#[must_use]
pub fn is_exported() -> bool {
    EXPORTED.load(Ordering::Relaxed)
}

/// Makes `span`, which nobody has entered yet, part of the trace that a caller's header names. A header that
/// makes no sense is as none.
pub fn adopt(span: &Span, header: &str) {
    let Some(context) = parse(header) else { return };
    // An error means that nobody exports spans.
    let _ = span.set_parent(Context::new().with_remote_span_context(context));
}

/// The trace that `span` belongs to: 32 hexadecimal digits.
#[must_use]
pub fn trace_id(span: &Span) -> Option<String> {
    let context = context(span)?;
    Some(context.trace_id().to_string())
}

/// What to send with a call that is made for the current span.
#[must_use]
pub fn header() -> Option<String> {
    let context = context(&Span::current())?;
    let flags = context.trace_flags() & TraceFlags::SAMPLED;
    Some(format!("00-{}-{}-{:02x}", context.trace_id(), context.span_id(), flags.to_u8()))
}

fn context(span: &Span) -> Option<SpanContext> {
    let context = span.context();
    let found = context.span().span_context().clone();
    found.is_valid().then_some(found)
}

/// `00-<trace>-<parent>-<flags>`; of later versions the same beginning (W3C Trace Context 1, section 3.2).
fn parse(header: &str) -> Option<SpanContext> {
    let mut parts = header.trim().split('-');
    let (version, trace, parent, flags) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_hex = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|one| matches!(one, b'0'..=b'9' | b'a'..=b'f'))
    };
    if !is_hex(version, 2) || version == "ff" || version == "00" && parts.next().is_some() {
        return None;
    }
    if !is_hex(trace, 32) || !is_hex(parent, 16) || !is_hex(flags, 2) {
        return None;
    }
    let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()?) & TraceFlags::SAMPLED;
    let (trace, parent) = (TraceId::from_hex(trace).ok()?, SpanId::from_hex(parent).ok()?);
    let context = SpanContext::new(trace, parent, flags, true, TraceState::NONE);
    context.is_valid().then_some(context)
}
