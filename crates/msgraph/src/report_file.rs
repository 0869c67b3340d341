//! The exported report: a zip with one CSV, columns found by name.
//!
//! Never writes to disk, and never unpacks more than it was allowed to.

use std::io::{Cursor, Read};

use chrono::{DateTime, Utc};
use csv::StringRecord;
use domain::ids::EntraDeviceId;
use zip::ZipArchive;

use crate::error::GraphError;
use crate::odata::{real_guid, report_time};

const PATH: &str = "the exported report";
const MAX_ENTRIES: usize = 16;

/// What we ask for.
pub(crate) const COLUMNS: [&str; 8] = [
    "DeviceId",
    "AADDeviceId",
    "EventDateTimeUTC",
    "LastWUScanTimeUTC",
    "AggregateState",
    "CurrentDeviceUpdateStatus",
    "CurrentDeviceUpdateSubstate",
    "LatestAlertMessage",
];

/// How far one device is with what its policy offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QualityStatusRow {
    pub entra_device: EntraDeviceId,
    pub event_at: Option<DateTime<Utc>>,
    pub last_scan_at: Option<DateTime<Utc>>,
    pub state: InstallState,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InstallState {
    Pending,
    OfferReady,
    Downloading,
    Installing,
    RebootPending,
    Installed,
    /// With the Windows error code, if the alert names one.
    Failed {
        code: Option<String>,
    },
    Uninstalled,
    OnHold,
    Other(String),
}

/// Reads the rows; devices without an Entra device id are left out.
pub(crate) fn rows(zip: Vec<u8>, max_bytes: u64) -> Result<Vec<QualityStatusRow>, GraphError> {
    unpack(zip, max_bytes, |file| read_csv(file))
}

/// Hands the CSV of an export to `read`, which is given it as it is unpacked.
pub(crate) fn unpack<T>(
    zip: Vec<u8>,
    max_bytes: u64,
    read: impl FnOnce(&mut dyn Read) -> Result<T, GraphError>,
) -> Result<T, GraphError> {
    let mut archive = ZipArchive::new(Cursor::new(zip)).map_err(odd)?;
    if archive.len() > MAX_ENTRIES {
        return Err(odd("too many files in the zip"));
    }
    let is_csv = |name: &&str| name.to_ascii_lowercase().ends_with(".csv");
    let name = archive.file_names().find(is_csv).map(ToOwned::to_owned);
    let name = name.ok_or_else(|| odd("no CSV in the zip"))?;
    let file = archive.by_name(&name).map_err(odd)?;
    // What the zip says about its own size is not to be trusted: count while reading.
    let mut limited = file.take(max_bytes + 1);
    let read = read(&mut limited)?;
    if limited.limit() == 0 {
        return Err(odd("the report is too large"));
    }
    Ok(read)
}

/// Where a column is, by its name; a byte order mark may stand before the first.
pub(crate) fn place(headers: &StringRecord, name: &str) -> Option<usize> {
    headers.iter().position(|header| header.trim_start_matches('\u{feff}').trim() == name)
}

fn read_csv(file: impl Read) -> Result<Vec<QualityStatusRow>, GraphError> {
    let mut reader = csv::Reader::from_reader(file);
    let headers = reader.headers().map_err(odd)?.clone();
    let column = |name: &str| place(&headers, name);
    let required = |name: &str| column(name).ok_or_else(|| odd(format!("no column {name}")));
    let columns = Columns {
        device: required("AADDeviceId")?,
        aggregate: required("AggregateState")?,
        substate: required("CurrentDeviceUpdateSubstate")?,
        event_at: column("EventDateTimeUTC"),
        last_scan_at: column("LastWUScanTimeUTC"),
        alert: column("LatestAlertMessage"),
    };
    let mut rows = Vec::new();
    for record in reader.records() {
        rows.extend(columns.row(&record.map_err(odd)?));
    }
    Ok(rows)
}

struct Columns {
    device: usize,
    aggregate: usize,
    substate: usize,
    event_at: Option<usize>,
    last_scan_at: Option<usize>,
    alert: Option<usize>,
}

impl Columns {
    fn row(&self, record: &StringRecord) -> Option<QualityStatusRow> {
        let text = |column: Option<usize>| column.and_then(|c| record.get(c)).unwrap_or("").trim();
        let state = state(text(Some(self.aggregate)), text(Some(self.substate)), text(self.alert));
        Some(QualityStatusRow {
            entra_device: EntraDeviceId(real_guid(record.get(self.device))?),
            event_at: report_time(text(self.event_at)),
            last_scan_at: report_time(text(self.last_scan_at)),
            state,
        })
    }
}

/// The aggregate state decides about trouble, the substate about progress.
fn state(aggregate: &str, substate: &str, alert: &str) -> InstallState {
    match (aggregate, substate) {
        ("Error", _) => InstallState::Failed { code: error_code(alert) },
        ("OnHold", _) => InstallState::OnHold,
        (_, "Uninstalled") => InstallState::Uninstalled,
        ("Cancelled", _) => InstallState::Other(aggregate.to_owned()),
        (_, "Pending") => InstallState::Pending,
        (_, "OfferReady") => InstallState::OfferReady,
        (_, "DownloadStart" | "DownloadComplete") => InstallState::Downloading,
        (_, "InstallStart" | "InstallComplete") => InstallState::Installing,
        (_, "RebootPending") => InstallState::RebootPending,
        (_, "UpdateInstalled") => InstallState::Installed,
        ("Success", "") => InstallState::Installed,
        ("Pending", "") => InstallState::Pending,
        (_, "") => InstallState::Other(aggregate.to_owned()),
        (_, _) => InstallState::Other(substate.to_owned()),
    }
}

/// The first `0x` with eight hexadecimal digits.
pub(crate) fn error_code(alert: &str) -> Option<String> {
    let is_code = |word: &&str| {
        let digits = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X"));
        digits.is_some_and(|d| d.len() == 8 && d.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    let mut words = alert.split(|c: char| !c.is_ascii_alphanumeric());
    words.find(is_code).map(ToOwned::to_owned)
}

pub(crate) fn odd(what: impl ToString) -> GraphError {
    GraphError::decode(PATH, what)
}
