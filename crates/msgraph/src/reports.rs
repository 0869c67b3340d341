//! Report exports: order, wait, download.
//!
//! What is inside the file is `report_file`'s matter. The download link is a credential, so it
//! never gets our token and its query never gets into an error.

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;
use url::Url;

use crate::client::Client;
use crate::error::GraphError;
use crate::feature_report::{
    self, FAILURE_COLUMNS, FeatureStatusRow, STATE_COLUMNS, explain, has_alert, read_alerts,
    read_states,
};
use crate::odata::{Version, segment};
use crate::report_file::{self, COLUMNS, QualityStatusRow, unpack};

const JOBS: &str = "/deviceManagement/reports/exportJobs";
const QUALITY_STATUS: &str = "QualityUpdateDeviceStatusByPolicy";

#[derive(Deserialize)]
struct Job {
    id: String,
    status: String,
    url: Option<String>,
}

/// Unpacking keeps a core busy: not on the threads that everybody else shares.
async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, GraphError> + Send + 'static,
) -> Result<T, GraphError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| GraphError::decode(JOBS, error))?
}

impl Client {
    /// How far every device of a quality update policy is. A snapshot; may take minutes.
    pub async fn quality_update_status(
        &self,
        policy_id: &str,
    ) -> Result<Vec<QualityStatusRow>, GraphError> {
        let filter = format!("PolicyId eq '{}'", policy_id.replace('\'', "''"));
        let zip = self.export(QUALITY_STATUS, &filter, &COLUMNS).await?;
        let max = self.limits().max_report;
        off_thread(move || report_file::rows(zip, max)).await
    }

    /// How far every device of a feature update profile is, and what stands against it. A snapshot; may
    /// take minutes. The report of failures is ordered only where some device has failed or is held.
    pub async fn feature_update_status(
        &self,
        profile_id: &str,
    ) -> Result<Vec<FeatureStatusRow>, GraphError> {
        let filter = format!("PolicyId eq '{}'", profile_id.replace('\'', "''"));
        let max = self.limits().max_report;
        let zip = self.export(feature_report::STATE, &filter, &STATE_COLUMNS).await?;
        let mut rows = off_thread(move || unpack(zip, max, |file| read_states(file))).await?;
        if rows.iter().any(has_alert) {
            let zip = self.export(feature_report::FAILURES, &filter, &FAILURE_COLUMNS).await?;
            let alerts = off_thread(move || unpack(zip, max, |file| read_alerts(file))).await?;
            explain(&mut rows, &alerts);
        }
        Ok(rows)
    }

    pub(crate) async fn export(
        &self,
        report: &str,
        filter: &str,
        columns: &[&str],
    ) -> Result<Vec<u8>, GraphError> {
        let body = json!({
            "reportName": report,
            "filter": filter,
            "select": columns,
            "format": "csv",
            "localizationType": "localizedValuesAsAdditionalColumn",
        });
        let give_up_at = Instant::now() + self.limits().export_max_wait;
        // A second export of the same report does no harm.
        let mut job: Job = self.post_again(Version::V1, JOBS, body).await?.json()?;
        let path = format!("{JOBS}/{}", segment(&job.id));
        loop {
            match (job.status.as_str(), job.url.as_deref()) {
                ("completed", Some(link)) if !link.is_empty() => return self.fetch(link).await,
                ("completed", _) => return Err(GraphError::decode(&path, "no download link")),
                ("failed", _) => return Err(GraphError::decode(&path, "the export failed")),
                _ => {}
            }
            if Instant::now() >= give_up_at {
                let what = "the export takes too long".to_owned();
                return Err(GraphError::Transport { path, what });
            }
            tokio::time::sleep(self.limits().export_poll).await;
            job = self.job(&path).await?;
        }
    }

    async fn job(&self, path: &str) -> Result<Job, GraphError> {
        let mut value: Value = self.get_json(Version::V1, path).await?;
        // The documentation shows a wrapper that the schema does not have.
        if value["value"].is_object() {
            value = value["value"].take();
        }
        serde_json::from_value(value).map_err(|error| GraphError::decode(path, error))
    }

    async fn fetch(&self, link: &str) -> Result<Vec<u8>, GraphError> {
        let url = Url::parse(link).map_err(|_| GraphError::decode(JOBS, "odd download link"))?;
        // Against a simulator everything is plain; against Graph nothing may be.
        if url.scheme() != "https" && self.url(Version::V1, "")?.scheme() == "https" {
            return Err(GraphError::decode(JOBS, "the download link is not https"));
        }
        match self.download(url).await {
            Ok(answer) => Ok(answer.body),
            Err(error) if error.is_transient() => Err(error),
            // An expired link, not a missing consent: the next export gets a new one.
            Err(_) => Err(GraphError::decode(JOBS, "the download link does not work")),
        }
    }
}
