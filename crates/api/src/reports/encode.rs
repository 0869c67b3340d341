//! Rows into the bytes of a file, one after the other.

use api_types::ExportFormat;

use super::cell::Row;
use super::csv::Csv;
use super::json::Json;
use super::shape::Shape;
use super::table::Report;
use super::xlsx::Xlsx;

/// Writes a file row by row, holding none of it back for long.
pub(super) trait Encoder: Send {
    fn begin(&mut self, to: &mut Vec<u8>) -> std::io::Result<()>;
    fn row(&mut self, row: &Row, to: &mut Vec<u8>) -> std::io::Result<()>;
    fn end(&mut self, to: &mut Vec<u8>) -> std::io::Result<()>;
}

pub(super) fn encoder(format: ExportFormat, report: Report, shape: &Shape) -> Box<dyn Encoder> {
    let columns = shape.columns().to_vec();
    match format {
        ExportFormat::Csv => Box::new(Csv::new(columns)),
        ExportFormat::Json => Box::new(Json::new(columns)),
        ExportFormat::Xlsx => Box::new(Xlsx::new(report.name(), columns)),
    }
}
