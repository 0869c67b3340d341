//! Which version of a program devices have, from Intune's inventory of discovered applications.
//!
//! The export is held as it came, packed; its rows are unpacked one by one and handed on in chunks.
//! Rows carry no time: how old they may be is `domain::app::INVENTORY_AGE`.

use std::io::Read;

use csv::StringRecord;
use domain::app::{App, AppSeen};
use domain::ids::IntuneDeviceId;
use tokio::sync::mpsc;

use crate::client::Client;
use crate::error::GraphError;
use crate::odata::real_guid;
use crate::report_file::{odd, place, unpack};

/// Columns and filters of this report are in Microsoft's list of exports.
const REPORT: &str = "AppInvRawData";
const COLUMNS: [&str; 3] = ["DeviceId", "ApplicationName", "ApplicationVersion"];

/// Rows that are handed on at once.
const CHUNK: usize = 5_000;

impl Client {
    /// Sends the devices that have the program, in chunks; a device of which there are several rows comes
    /// several times. Rows with a version that is none are left out. Ends without an error when nobody
    /// takes them in.
    pub async fn app_inventory(
        &self,
        app: App,
        into: mpsc::Sender<Vec<AppSeen>>,
    ) -> Result<(), GraphError> {
        let zip = self.export(REPORT, filter(app), &COLUMNS).await?;
        // Never held unpacked, so it may be larger than reports that are.
        let max = self.limits().max_report.saturating_mul(8);
        // Unpacking keeps a core busy: not on the threads that everybody else shares.
        let read = move || unpack(zip, max, |file| send(file, app, &into));
        tokio::task::spawn_blocking(read).await.map_err(odd)?
    }
}

/// Names of applications can be compared, not searched: those of Microsoft 365 Apps have the edition and
/// the language in them.
const fn filter(app: App) -> &'static str {
    match app {
        App::Edge => "ApplicationName eq 'Microsoft Edge'",
        App::Microsoft365Apps => "ApplicationPublisher eq 'Microsoft Corporation'",
    }
}

/// `Microsoft 365 Apps for enterprise - en-us`; `WebView2` and the updater are other applications than Edge.
fn is_it(app: App, name: &str) -> bool {
    match app {
        App::Edge => name == "Microsoft Edge",
        App::Microsoft365Apps => {
            name.starts_with("Microsoft 365 Apps for enterprise")
                || name.starts_with("Microsoft 365 Apps for business")
        }
    }
}

fn send(
    file: &mut dyn Read,
    app: App,
    into: &mpsc::Sender<Vec<AppSeen>>,
) -> Result<(), GraphError> {
    let mut reader = csv::Reader::from_reader(file);
    let headers = reader.headers().map_err(odd)?.clone();
    let column = |name| place(&headers, name).ok_or_else(|| odd(format!("no column {name}")));
    let [device, name, version] = COLUMNS;
    let (device, name, version) = (column(device)?, column(name)?, column(version)?);
    let mut row = StringRecord::new();
    let mut chunk = Vec::new();
    while reader.read_record(&mut row).map_err(odd)? {
        let text = |column: usize| row.get(column).unwrap_or_default().trim();
        if !is_it(app, text(name)) {
            continue;
        }
        let (Some(intune), Ok(version)) = (real_guid(row.get(device)), text(version).parse())
        else {
            continue;
        };
        chunk.push(AppSeen { intune: IntuneDeviceId(intune), version });
        if chunk.len() >= CHUNK && into.blocking_send(std::mem::take(&mut chunk)).is_err() {
            return Ok(());
        }
    }
    if !chunk.is_empty() {
        // Who went away says why.
        drop(into.blocking_send(chunk));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use domain::app::AppVersion;

    use super::*;

    fn read(app: App, csv: &str) -> Result<Vec<AppSeen>, GraphError> {
        let (into, mut chunks) = mpsc::channel(4);
        send(&mut csv.as_bytes(), app, &into)?;
        drop(into);
        let mut all = Vec::new();
        while let Ok(chunk) = chunks.try_recv() {
            all.extend(chunk);
        }
        Ok(all)
    }

    #[test]
    fn the_program_is_told_from_its_neighbours() {
        let id = "7d8a3f6e-24a1-4f4e-9a3a-0d4c5c1b2a3f";
        let csv = format!(
            "\u{feff}ApplicationName,DeviceId,ApplicationVersion\n\
             Microsoft Edge,{id},131.0.2903.86\n\
             Microsoft Edge WebView2 Runtime,{id},131.0.2903.99\n\
             Microsoft Edge,00000000-0000-0000-0000-000000000000,131.0.2903.86\n\
             Microsoft Edge,{id},unknown\n\
             Microsoft 365 Apps for enterprise - nb-no,{id},16.0.18227.20162\n"
        );
        let version = |app| -> Vec<AppVersion> {
            read(app, &csv).expect("rows").into_iter().map(|seen| seen.version).collect()
        };
        assert_eq!(version(App::Edge), [AppVersion([131, 0, 2903, 86])]);
        assert_eq!(version(App::Microsoft365Apps), [AppVersion([16, 0, 18_227, 20_162])]);
        assert!(read(App::Edge, "DeviceId,ApplicationName\n").is_err(), "a column is missing");
    }
}
