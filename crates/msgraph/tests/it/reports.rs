//! The export: ordered, awaited, downloaded without our token, unpacked, read.
//!
//! The zip is made here, stored or deflated as the `zip` crate likes.

use std::io::{Cursor, Write as _};

use chrono::{TimeZone as _, Utc};
use msgraph::{Client, GraphError, InstallState, Limits};
use serde_json::json;
use uuid::Uuid;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::fake::{Fake, bytes, empty, limits, reply};

const CSV: &str = "\u{feff}AADDeviceId,DeviceId,EventDateTimeUTC,LastWUScanTimeUTC,AggregateState,\
CurrentDeviceUpdateStatus,CurrentDeviceUpdateSubstate,LatestAlertMessage,AggregateState_loc\n\
00000000-0000-0000-0000-000000000001,x,2026-08-12 10:00:00.0000000,,InProgress,Installing,RebootPending,,a\n\
00000000-0000-0000-0000-000000000002,x,2026-08-12T10:00:00Z,,Success,Installed,UpdateInstalled,,a\n\
00000000-0000-0000-0000-000000000003,x,,,Error,Error,InstallStart,\"Failed, with (0x800F0922).\",a\n\
00000000-0000-0000-0000-000000000004,x,,,Error,Error,DownloadStart,No code 0x12,a\n\
00000000-0000-0000-0000-000000000000,x,,,Pending,Pending,Pending,,a\n\
00000000-0000-0000-0000-000000000005,x,,,InProgress,?,SomethingNew,,a\n\
00000000-0000-0000-0000-000000000006,x,,,OnHold,OnHold,OfferReady,,a\n\
00000000-0000-0000-0000-000000000007,x,,,Success,?,Uninstalled,,a\n";

fn zip(csv: &str) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("report.csv", SimpleFileOptions::default()).unwrap();
    zip.write_all(csv.as_bytes()).unwrap();
    zip.finish().unwrap().into_inner()
}

async fn exporter(file: Vec<u8>) -> Fake {
    Fake::start(move |seen| match (seen.key(), seen.nth) {
        (("POST", "/v1.0/deviceManagement/reports/exportJobs"), _) => {
            reply(201, &json!({"id": "Quality_1", "status": "notStarted", "url": null}))
        }
        (("GET", "/v1.0/deviceManagement/reports/exportJobs/Quality_1"), 0) => {
            reply(200, &json!({"id": "Quality_1", "status": "inProgress"}))
        }
        (("GET", "/v1.0/deviceManagement/reports/exportJobs/Quality_1"), _) => {
            let url = format!("http://{}/blob/report.zip?sig=sas-secret", seen.host);
            reply(200, &json!({"id": "Quality_1", "status": "completed", "url": url}))
        }
        (("GET", "/blob/report.zip"), _) => bytes(200, file.clone()),
        _ => empty(500),
    })
    .await
}

#[tokio::test]
async fn an_export_becomes_rows() {
    let fake = exporter(zip(CSV)).await;
    let rows = fake.client().quality_update_status("policy-1").await.unwrap();
    let states: Vec<(u128, InstallState)> =
        rows.iter().map(|row| (row.entra_device.0.as_u128(), row.state.clone())).collect();
    let failed = |code: Option<&str>| InstallState::Failed { code: code.map(str::to_owned) };
    let expected = [
        (1, InstallState::RebootPending),
        (2, InstallState::Installed),
        (3, failed(Some("0x800F0922"))),
        (4, failed(None)),
        (5, InstallState::Other("SomethingNew".to_owned())),
        (6, InstallState::OnHold),
        (7, InstallState::Uninstalled),
    ];
    assert_eq!(states, expected);
    let at = Utc.with_ymd_and_hms(2026, 8, 12, 10, 0, 0).unwrap();
    assert_eq!((rows[0].event_at, rows[1].event_at, rows[2].event_at), (Some(at), Some(at), None));
    assert_eq!(rows[0].entra_device.0, Uuid::from_u128(1));

    let calls = fake.calls();
    let order = calls[0].json();
    assert_eq!(order["reportName"], "QualityUpdateDeviceStatusByPolicy");
    assert_eq!(order["filter"], "PolicyId eq 'policy-1'");
    assert_eq!(order["select"].as_array().unwrap().len(), 8);
    let download = calls.last().unwrap();
    assert_eq!((download.auth.as_deref(), download.path.as_str()), (None, "/blob/report.zip"));
}

#[tokio::test]
async fn a_report_beyond_the_limit_is_refused() {
    let fake = exporter(zip(CSV)).await;
    let client = Client::new(fake.connection(), Limits { max_report: 300, ..limits() }).unwrap();
    let error = client.quality_update_status("p").await.unwrap_err();
    assert!(matches!(error, GraphError::Decode { .. }), "{error:?}");
}

#[tokio::test]
async fn a_report_without_its_columns_or_its_zip_is_odd() {
    for file in [zip("A,B\n1,2\n"), b"no zip".to_vec(), zip("")] {
        let fake = exporter(file).await;
        let error = fake.client().quality_update_status("p").await.unwrap_err();
        assert!(matches!(error, GraphError::Decode { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_download_that_fails_does_not_show_its_link() {
    let fake = Fake::start(move |seen| match seen.key() {
        ("POST", _) => {
            let url = format!("http://{}/blob?sig=sas-secret", seen.host);
            reply(201, &json!({"id": "1", "status": "completed", "url": url}))
        }
        _ => empty(403),
    })
    .await;
    let error = fake.client().quality_update_status("p").await.unwrap_err();
    assert!(!format!("{error:?} {error}").contains("sas-secret"));
    assert!(error.is_transient() && !error.is_configuration());
}
