//! Exports: the database writes, this encodes, the caller reads, each as fast as the slowest of them.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use api_types::ExportFormat;
use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use domain::ids::TenantId;
use futures_util::stream;
use store::fleet::{Line, Scene};
use tokio::sync::mpsc;
use tracing::Instrument as _;

use super::encode::{Encoder, encoder};
use super::make::Source;
use super::query::{Filter, Order};
use super::shape::Shape;
use super::table::{Devices, Report, Sort};
use super::{devices, whole};
use crate::problem::Problem;

/// Pieces of the file on their way, and batches of devices before them.
const UNDER_WAY: usize = 4;
/// About how large a piece is.
const PIECE: usize = 64 * 1024;

pub(super) type Piece = Result<Bytes, io::Error>;

pub(super) async fn stream(
    state: Source,
    tenant: TenantId,
    report: Report,
    wanted: (Filter, Order, Shape),
    format: ExportFormat,
) -> Result<Response, Problem> {
    let from = pieces(state, tenant, report, wanted, (format, Arc::default())).await?;
    Ok(response(report, format, from))
}

/// The pieces of a file as they are made; `rows` counts what is in them.
pub(super) async fn pieces(
    state: Source,
    tenant: TenantId,
    report: Report,
    (filter, order, shape): (Filter, Order, Shape),
    (format, rows): (ExportFormat, Arc<AtomicU64>),
) -> Result<mpsc::Receiver<Piece>, Problem> {
    state.store.tenant_fetch(tenant).await?;
    let mut encoder = encoder(format, report, &shape);
    let (to, from) = mpsc::channel(UNDER_WAY);
    match report.sort() {
        Sort::Devices(of) => {
            let scene = Arc::new(state.store.fleet_scene(tenant, state.now()).await?);
            let (lines_to, lines_from) = mpsc::channel(UNDER_WAY);
            // What is read is taken apart while what was read before is written.
            let (store, read_for) = (state.store.clone(), Arc::clone(&scene));
            let selection = devices::selection(of);
            let read = tokio::spawn(
                async move { store.fleet_stream(tenant, &read_for, selection, lines_to).await }
                    .in_current_span(),
            );
            tokio::spawn(async move {
                let wanted =
                    Wanted { scene: &scene, of, filter: &filter, shape: &shape, rows: &rows };
                let written = write(lines_from, &wanted, &mut *encoder, &to).await;
                let read = read.await.map_err(io::Error::other);
                let ended = match (read.and_then(|read| read.map_err(io::Error::other)), written) {
                    (Err(error), _) => Err(error),
                    (Ok(()), Err(Stop::Left)) => return,
                    (Ok(()), Err(Stop::Failed(error))) => Err(error),
                    (Ok(()), Ok(rest)) => finish(&mut *encoder, rest),
                };
                if let Err(error) = &ended {
                    tracing::warn!(%tenant, report = report.name(), %error, "an export broke off");
                }
                // Who left needs no end.
                let _ = to.send(ended.map(Bytes::from)).await;
            });
        }
        Sort::Whole(of) => {
            let mut all = whole::rows(&state, tenant, of).await?;
            all.retain(|row| filter.holds(row));
            order.sort(&mut all);
            rows.store(u64::try_from(all.len()).unwrap_or(u64::MAX), Ordering::Relaxed);
            tokio::spawn(async move {
                let mut piece = Vec::new();
                let begun = encoder.begin(&mut piece);
                let put = || {
                    begun?;
                    all.into_iter()
                        .try_for_each(|row| encoder.row(&shape.apply(row), &mut piece))?;
                    finish(&mut *encoder, piece)
                };
                let _ = to.send(put().map(Bytes::from)).await;
            });
        }
    }
    Ok(from)
}

/// Why no more is written.
enum Stop {
    /// Nobody reads any more.
    Left,
    Failed(io::Error),
}

/// Which devices, and what of them.
struct Wanted<'a> {
    scene: &'a Scene,
    of: Devices,
    filter: &'a Filter,
    shape: &'a Shape,
    rows: &'a AtomicU64,
}

/// Encodes what comes, and returns what was not sent yet.
async fn write(
    mut lines: mpsc::Receiver<Vec<Line>>,
    wanted: &Wanted<'_>,
    encoder: &mut dyn Encoder,
    to: &mpsc::Sender<Piece>,
) -> Result<Vec<u8>, Stop> {
    let mut piece = Vec::with_capacity(PIECE + PIECE / 4);
    encoder.begin(&mut piece).map_err(Stop::Failed)?;
    while let Some(batch) = lines.recv().await {
        for line in batch {
            let row = devices::row(line, wanted.scene, wanted.of);
            if wanted.filter.holds(&row) {
                encoder.row(&wanted.shape.apply(row), &mut piece).map_err(Stop::Failed)?;
                wanted.rows.fetch_add(1, Ordering::Relaxed);
            }
        }
        if piece.len() >= PIECE {
            let full = std::mem::replace(&mut piece, Vec::with_capacity(PIECE + PIECE / 4));
            to.send(Ok(Bytes::from(full))).await.map_err(|_| Stop::Left)?;
        }
    }
    Ok(piece)
}

fn finish(encoder: &mut dyn Encoder, mut piece: Vec<u8>) -> io::Result<Vec<u8>> {
    encoder.end(&mut piece)?;
    Ok(piece)
}

fn response(report: Report, format: ExportFormat, from: mpsc::Receiver<Piece>) -> Response {
    let (media, ending) = match format {
        ExportFormat::Csv => ("text/csv; charset=utf-8; header=present", "csv"),
        ExportFormat::Json => ("application/json", "json"),
        ExportFormat::Xlsx => {
            ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx")
        }
    };
    let pieces =
        stream::unfold(from, |mut from| async { from.recv().await.map(|piece| (piece, from)) });
    let name = format!("attachment; filename=\"{}.{ending}\"", report.name());
    let headers = [(CONTENT_TYPE, media.to_owned()), (CONTENT_DISPOSITION, name)];
    (headers, Body::from_stream(pieces)).into_response()
}
