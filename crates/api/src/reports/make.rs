//! Reports that are made by the service itself, to be sent.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use api_types::ExportFormat;
use chrono::{DateTime, Utc};
use domain::ids::TenantId;
use domain::report::{FileFormat, LARGEST, Made, Order as Wanted};
use store::Store;

use super::export;
use super::query::{Filter, Order};
use super::shape::Shape;
use super::table::Report;
use crate::problem::Problem;
use crate::state::State;

/// Where the rows of a report come from.
#[derive(Clone)]
pub struct Source {
    pub store: Store,
    /// The service's clock.
    pub now: Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>,
}

impl Source {
    pub(super) fn of(state: &State) -> Self {
        Self { store: state.store.clone(), now: state.now.clone() }
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        (self.now)()
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("store", &self.store).finish_non_exhaustive()
    }
}

/// The file of a report, held whole as far as it may be sent; or why it cannot be made, for people.
pub async fn make(source: Source, tenant: TenantId, wanted: &Wanted) -> Result<Made, String> {
    let report = Report::of_name(&wanted.report)
        .ok_or_else(|| format!("there is no report {:?} any more", wanted.report))?;
    // A later version may have other columns.
    let told = |problem: Problem| match &problem.cause {
        Some(cause) => format!("{}: {cause}", problem.detail),
        None => problem.detail,
    };
    let filter = Filter::parse(report, wanted.filter.as_deref()).map_err(told)?;
    let order = Order::parse(report, wanted.order_by.as_deref()).map_err(told)?;
    let shape = Shape::of(report, wanted.columns.iter().map(String::as_str))?;
    let format = match wanted.format {
        FileFormat::Csv => ExportFormat::Csv,
        FileFormat::Json => ExportFormat::Json,
        FileFormat::Xlsx => ExportFormat::Xlsx,
    };
    let rows = Arc::default();
    let making = (format, Arc::clone(&rows));
    let pieces = export::pieces(source, tenant, report, (filter, order, shape), making);
    let mut pieces = pieces.await.map_err(told)?;
    let mut bytes = Vec::new();
    while let Some(piece) = pieces.recv().await {
        let piece = piece.map_err(|error| format!("the report broke off: {error}"))?;
        if bytes.len() + piece.len() > LARGEST {
            return Ok(Made::TooLarge);
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(Made::File { rows: rows.load(Ordering::Relaxed), bytes })
}
