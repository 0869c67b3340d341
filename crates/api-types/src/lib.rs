//! Request and response bodies of the HTTP API: what goes over the wire, and nothing else.
//!
//! Imports no crate of the workspace: a rule that changes does not change the wire by accident.
//! Every input refuses fields it does not know. Times are RFC 3339, lengths of time are numbers
//! with their unit in the name, shares are percent.

mod alerts;
mod approvals;
mod audit;
mod budget;
mod calendar;
mod controls;
mod devices;
mod enrollment;
mod events;
mod explain;
mod failures;
mod forecast;
mod health;
mod holds;
mod notifications;
mod pauses;
mod plans;
mod problem;
mod proof;
mod readiness;
mod releases;
mod replay;
mod report_schedules;
mod report_views;
mod reports;
mod revisions;
mod ring_sets;
mod rollback;
mod rollouts;
mod rules;
mod sessions;
mod signals;
mod strategies;
mod support;
mod support_desks;
mod tenants;
mod tokens;
mod updates;
mod webhooks;

pub use alerts::*;
pub use approvals::*;
pub use audit::*;
pub use budget::*;
pub use calendar::*;
pub use controls::*;
pub use devices::*;
pub use enrollment::*;
pub use events::*;
pub use explain::*;
pub use failures::*;
pub use forecast::*;
pub use health::*;
pub use holds::*;
pub use notifications::*;
pub use pauses::*;
pub use plans::*;
pub use problem::*;
pub use proof::*;
pub use readiness::*;
pub use releases::*;
pub use replay::*;
pub use report_schedules::*;
pub use report_views::*;
pub use reports::*;
pub use revisions::*;
pub use ring_sets::*;
pub use rollback::*;
pub use rollouts::*;
pub use rules::*;
pub use sessions::*;
pub use signals::*;
pub use strategies::*;
pub use support::*;
pub use support_desks::*;
pub use tenants::*;
pub use tokens::*;
pub use updates::*;
pub use webhooks::*;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct List<T> {
    pub items: Vec<T>,
    /// Ask again with this `page_token` for what follows; none: this is the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_page_token: Option<String>,
}

/// Which items of a list, and in which order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// A condition on the fields of an item, in the language of device filters: `name.startsWith("Nov")`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(max_length = 2000)]
    pub filter: Option<String>,
    /// Up to three fields: `created_at desc,name`. The order of creation if not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(max_length = 200)]
    pub order_by: Option<String>,
    /// At most so many items; 100 if not given, 500 at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 500)]
    pub page_size: Option<u16>,
    /// The `next_page_token` of the page before, with the same filter and order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_token: Option<String>,
}

/// Which part of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// At most so many items; 100 if not given, 500 at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[param(minimum = 1, maximum = 500)]
    pub page_size: Option<u16>,
    /// The `next_page_token` of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_token: Option<String>,
}
