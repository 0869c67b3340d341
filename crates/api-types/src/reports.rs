//! Reports.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// A report that can be run and exported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportDescription {
    pub name: String,
    pub title: String,
    /// It has a row for each device, in order of their ids.
    pub of_devices: bool,
    pub columns: Vec<ReportColumn>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReportColumn {
    pub name: String,
    pub meaning: String,
}

/// One row: a value for each column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ReportRow(pub BTreeMap<String, Value>);

/// Which rows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReportQuery {
    /// Conditions on columns: `status=not_up_to_date and ring!=Broad`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(max_length = 1000)]
    pub filter: Option<String>,
    /// A column, and `asc` or `desc` behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(max_length = 100)]
    pub order_by: Option<String>,
    /// The columns that are wanted, with commas between them: `name,ring,status`. All of them if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(max_length = 1000)]
    pub columns: Option<String>,
    /// A saved view of this report. A filter holds besides that of the view, all else in its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub view: Option<Uuid>,
    /// At most so many rows; 100 if not given, 500 at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 500)]
    pub page_size: Option<u16>,
    /// The `next_page_token` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_token: Option<String>,
}

/// Which rows, and in which form.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReportExportQuery {
    /// `csv` if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(inline)]
    pub format: Option<ExportFormat>,
    /// Conditions on columns: `status=not_up_to_date and ring!=Broad`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(max_length = 1000)]
    pub filter: Option<String>,
    /// A column, and `asc` or `desc` behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(max_length = 100)]
    pub order_by: Option<String>,
    /// The columns that are wanted, with commas between them: `name,ring,status`. All of them if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(max_length = 1000)]
    pub columns: Option<String>,
    /// A saved view of this report. A filter holds besides that of the view, all else in its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub view: Option<Uuid>,
}

/// The form of a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    #[default]
    Csv,
    Json,
    Xlsx,
}
