//! Enrolment of devices by category of updates (beta `/admin/windows/updates/updatableAssets`).
//!
//! Speaks Entra device ids only. Acceptance (202) is not the end: read the asset back.

use domain::ids::EntraDeviceId;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::client::Client;
use crate::error::GraphError;
use crate::odata::{Version, nullable};

const ASSETS: &str = "/admin/windows/updates/updatableAssets";
const PER_CALL: usize = 2000;

/// A device as the update service knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    pub device: EntraDeviceId,
    pub quality: EnrollmentState,
    /// Why registration failed, in Microsoft's words.
    pub errors: Vec<String>,
}

/// What a device is enrolled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpdateCategory {
    Quality,
    Feature,
    Driver,
}

impl UpdateCategory {
    const fn to_wire(self) -> &'static str {
        match self {
            Self::Quality => "quality",
            Self::Feature => "feature",
            Self::Driver => "driver",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnrollmentState {
    NotEnrolled,
    Enrolling,
    Enrolled,
    /// By a policy, not by us.
    EnrolledWithPolicy,
    Unenrolling,
    Other(String),
}

#[derive(Deserialize)]
struct WireAsset {
    #[serde(default, deserialize_with = "nullable")]
    enrollment: WireEnrollment,
    #[serde(default, deserialize_with = "nullable")]
    errors: Vec<WireError>,
}

#[derive(Default, Deserialize)]
struct WireEnrollment {
    quality: Option<WireCategory>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireCategory {
    enrollment_state: Option<String>,
}

#[derive(Deserialize)]
struct WireError {
    reason: Option<String>,
}

impl Client {
    /// Makes the update service the authority for these devices' updates of a category.
    pub async fn enroll(
        &self,
        category: UpdateCategory,
        devices: &[EntraDeviceId],
    ) -> Result<(), GraphError> {
        self.by_id("enrollAssetsById", category, devices).await
    }

    /// Gives these devices back to whatever else updates them.
    pub async fn unenroll(
        &self,
        category: UpdateCategory,
        devices: &[EntraDeviceId],
    ) -> Result<(), GraphError> {
        self.by_id("unenrollAssetsById", category, devices).await
    }

    /// What the service knows about a device; `None` if it has never heard of it.
    pub async fn asset(&self, device: EntraDeviceId) -> Result<Option<Asset>, GraphError> {
        let path = format!("{ASSETS}/{device}");
        let mut value: Value = match self.get_json(Version::Beta, &path).await {
            Ok(value) => value,
            Err(GraphError::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        // The documentation shows a wrapper that the schema does not have.
        if value["value"].is_object() {
            value = value["value"].take();
        }
        let wire: WireAsset =
            serde_json::from_value(value).map_err(|error| GraphError::decode(&path, error))?;
        let state = wire.enrollment.quality.and_then(|category| category.enrollment_state);
        Ok(Some(Asset {
            device,
            quality: enrollment_state(state.as_deref()),
            errors: wire.errors.into_iter().filter_map(|error| error.reason).collect(),
        }))
    }

    async fn by_id(
        &self,
        action: &str,
        category: UpdateCategory,
        devices: &[EntraDeviceId],
    ) -> Result<(), GraphError> {
        let path = format!("{ASSETS}/microsoft.graph.windowsUpdates.{action}");
        for chunk in devices.chunks(PER_CALL) {
            let ids: Vec<String> = chunk.iter().map(ToString::to_string).collect();
            let body = json!({
                "updateCategory": category.to_wire(),
                "memberEntityType": "#microsoft.graph.windowsUpdates.azureADDevice",
                "ids": ids,
            });
            self.post_again(Version::Beta, &path, body).await?;
        }
        Ok(())
    }
}

fn enrollment_state(text: Option<&str>) -> EnrollmentState {
    match text {
        None | Some("notEnrolled") => EnrollmentState::NotEnrolled,
        Some("enrolling") => EnrollmentState::Enrolling,
        Some("enrolled") => EnrollmentState::Enrolled,
        Some("enrolledWithPolicy") => EnrollmentState::EnrolledWithPolicy,
        Some("unenrolling") => EnrollmentState::Unenrolling,
        Some(other) => EnrollmentState::Other(other.to_owned()),
    }
}
