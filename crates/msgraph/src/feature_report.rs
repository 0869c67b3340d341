//! Reports of a feature update profile: how far each device is, and what stands against it.
//!
//! Intune writes states as numbers, with their names in a column of the same name and `_loc`; whichever of
//! the two is a word is read. The state report names an alert and no more; the error code, and the id of a
//! safeguard hold, stand in the report of failures.

use std::collections::HashMap;
use std::io::Read;

use chrono::{DateTime, Utc};
use csv::StringRecord;
use domain::ids::EntraDeviceId;

use crate::error::GraphError;
use crate::odata::{real_guid, report_time};
use crate::report_file::{error_code, odd};

pub(crate) const STATE: &str = "FeatureUpdateDeviceState";
pub(crate) const FAILURES: &str = "DeviceFailuresByFeatureUpdatePolicy";

pub(crate) const STATE_COLUMNS: [&str; 7] = [
    "DeviceId",
    "AADDeviceId",
    "EventDateTimeUTC",
    "AggregateState",
    "CurrentDeviceUpdateStatus",
    "CurrentDeviceUpdateSubstatus",
    "LatestAlertMessage",
];
pub(crate) const FAILURE_COLUMNS: [&str; 5] =
    ["DeviceId", "AADDeviceId", "AlertMessage", "AlertMessageData", "Win32ErrorCode"];

/// How far one device is with the version that its profile names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeatureStatusRow {
    pub entra_device: EntraDeviceId,
    pub event_at: Option<DateTime<Utc>>,
    pub state: FeatureState,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeatureState {
    /// Not begun to install, for whatever reason.
    Waiting,
    /// From the begin of the install to the restart that ends it.
    Installing,
    Installed,
    /// It failed, or Windows went back by itself; with the Windows error code, if a report names one.
    Failed {
        code: Option<String>,
    },
    /// Microsoft holds it back because of a known issue; with the id of the hold, if a report names one.
    Safeguard {
        id: Option<String>,
    },
    Other(String),
}

/// What the report of failures says of a device.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Alert {
    code: Option<String>,
    hold: Option<String>,
}

/// Columns by name, with their words.
struct Table {
    headers: StringRecord,
}

impl Table {
    fn column(&self, name: &str) -> Option<usize> {
        let plain = |header: &str| header.trim_start_matches('\u{feff}').trim() == name;
        self.headers.iter().position(plain)
    }

    fn required(&self, name: &str) -> Result<usize, GraphError> {
        self.column(name).ok_or_else(|| odd(format!("no column {name}")))
    }

    fn text<'a>(&self, record: &'a StringRecord, name: &str) -> &'a str {
        self.column(name).and_then(|column| record.get(column)).unwrap_or_default().trim()
    }

    /// `In progress`, `InProgress` and a number with `In progress` beside it: all `inprogress`.
    fn word(&self, record: &StringRecord, name: &str) -> String {
        let bare = self.text(record, name);
        let is_word = bare.chars().any(char::is_alphabetic);
        let text = if is_word { bare } else { self.text(record, &format!("{name}_loc")) };
        text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase()
    }
}

pub(crate) fn read_states(file: &mut dyn Read) -> Result<Vec<FeatureStatusRow>, GraphError> {
    let mut reader = csv::Reader::from_reader(file);
    let table = Table { headers: reader.headers().map_err(odd)?.clone() };
    let device = table.required("AADDeviceId")?;
    table.required("AggregateState")?;
    table.required("LatestAlertMessage")?;
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(odd)?;
        let Some(id) = real_guid(record.get(device)) else { continue };
        let word = |name| table.word(&record, name);
        let state = state(
            &word("AggregateState"),
            &word("CurrentDeviceUpdateStatus"),
            &word("CurrentDeviceUpdateSubstatus"),
            &word("LatestAlertMessage"),
        );
        rows.push(FeatureStatusRow {
            entra_device: EntraDeviceId(id),
            event_at: report_time(table.text(&record, "EventDateTimeUTC")),
            state,
        });
    }
    Ok(rows)
}

pub(crate) fn read_alerts(
    file: &mut dyn Read,
) -> Result<HashMap<EntraDeviceId, Alert>, GraphError> {
    let mut reader = csv::Reader::from_reader(file);
    let table = Table { headers: reader.headers().map_err(odd)?.clone() };
    let device = table.required("AADDeviceId")?;
    let mut alerts: HashMap<EntraDeviceId, Alert> = HashMap::new();
    for record in reader.records() {
        let record = record.map_err(odd)?;
        let Some(id) = real_guid(record.get(device)) else { continue };
        let alert = alerts.entry(EntraDeviceId(id)).or_default();
        let texts = ["AlertMessageData", "Win32ErrorCode"].map(|name| table.text(&record, name));
        if table.word(&record, "AlertMessage") == SAFEGUARD {
            alert.hold = texts.iter().find_map(|text| hold_id(text));
        } else {
            alert.code = texts.iter().find_map(|text| error_code(text));
        }
    }
    Ok(alerts)
}

/// Puts into the rows what only the report of failures knows.
pub(crate) fn explain(rows: &mut [FeatureStatusRow], alerts: &HashMap<EntraDeviceId, Alert>) {
    for row in rows {
        let Some(alert) = alerts.get(&row.entra_device) else { continue };
        match &mut row.state {
            FeatureState::Failed { code } => code.clone_from(&alert.code),
            FeatureState::Safeguard { id } => id.clone_from(&alert.hold),
            FeatureState::Waiting
            | FeatureState::Installing
            | FeatureState::Installed
            | FeatureState::Other(_) => {}
        }
    }
}

/// Whether the report of failures knows more of it.
pub(crate) fn has_alert(row: &FeatureStatusRow) -> bool {
    matches!(row.state, FeatureState::Failed { .. } | FeatureState::Safeguard { .. })
}

const SAFEGUARD: &str = "safeguardhold";

/// The first number that is long enough to be the id of a hold, such as 25178825.
fn hold_id(text: &str) -> Option<String> {
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words
        .find(|word| word.len() >= 6 && word.bytes().all(|b| b.is_ascii_digit()))
        .map(str::to_owned)
}

/// The words are those of Microsoft's page on reports for feature updates.
fn state(aggregate: &str, status: &str, substatus: &str, alert: &str) -> FeatureState {
    match (aggregate, status, substatus) {
        ("success", ..) | (_, "installed", _) => FeatureState::Installed,
        _ if alert == SAFEGUARD => FeatureState::Safeguard { id: None },
        ("error" | "failed", ..) | (_, _, "rollback" | "rollbackcomplete") => {
            FeatureState::Failed { code: None }
        }
        (_, "pending" | "onhold" | "offering" | "cancelled" | "canceled", _) => {
            FeatureState::Waiting
        }
        (_, _, "downloadstart" | "downloadcomplete" | "offerreceived" | "offerready") => {
            FeatureState::Waiting
        }
        (_, _, "installstart" | "installcomplete" | "rebootpending") => FeatureState::Installing,
        (_, _, "restartrequired" | "restartinitiated" | "restartcomplete") => {
            FeatureState::Installing
        }
        _ => FeatureState::Other(format!("{aggregate}/{status}/{substatus}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEVICE: &str = "fb95f07d-9e73-411d-99ab-7eca3a5122b1";

    fn states(rows: &str) -> Vec<FeatureState> {
        let head = "AADDeviceId,AggregateState,AggregateState_loc,CurrentDeviceUpdateStatus,\
            CurrentDeviceUpdateStatus_loc,CurrentDeviceUpdateSubstatus,LatestAlertMessage,\
            LatestAlertMessage_loc";
        let lines: Vec<String> = rows.lines().map(|row| format!("{DEVICE},{row}")).collect();
        let file = format!("{head}\n{}\n", lines.join("\n"));
        let read = read_states(&mut file.as_bytes()).unwrap();
        read.into_iter().map(|row| row.state).collect()
    }

    #[test]
    fn numbers_are_read_by_their_names() {
        // The first two as a tenant really had them.
        let found = states(
            "Success,Success,8,Installed,,0,Not applicable
InProgress,In progress,2,Offering,,0,Not applicable
InProgress,In progress,Installing,Installing,InstallStart,0,Not applicable
Error,Error,NeedsAttention,Needs attention,InstallStart,InstallIssue,Install issue
OnHold,On hold,OnHold,On hold,,41,Safeguard hold",
        );
        let wanted = [
            FeatureState::Installed,
            FeatureState::Waiting,
            FeatureState::Installing,
            FeatureState::Failed { code: None },
            FeatureState::Safeguard { id: None },
        ];
        assert_eq!(found, wanted);
    }

    #[test]
    fn codes_and_holds_come_from_the_failures() {
        let of = |row: &str| {
            let head = "AADDeviceId,AlertMessage,AlertMessageData,Win32ErrorCode";
            let file = format!("{head}\n{DEVICE},{row}\n");
            let alerts = read_alerts(&mut file.as_bytes()).unwrap();
            alerts.into_values().next().unwrap_or_default()
        };
        let held = of("SafeguardHold,25178825,");
        assert_eq!((held.hold.as_deref(), held.code), (Some("25178825"), None));
        let failed = of("InstallIssue,,0x800f0922");
        assert_eq!((failed.hold, failed.code.as_deref()), (None, Some("0x800f0922")));
        assert_eq!(of("InstallIssue,,").code, None);
    }
}
