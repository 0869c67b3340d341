//! Request and response bodies of the HTTP API: what goes over the wire, and nothing else.
//!
//! Imports no crate of the workspace: a rule that changes does not change the wire by accident.
//! Every input refuses fields it does not know. Times are RFC 3339, lengths of time are numbers
//! with their unit in the name, shares are percent.

mod approvals;
mod budget;
mod calendar;
mod controls;
mod devices;
mod enrollment;
mod events;
mod explain;
mod failures;
mod holds;
mod pauses;
mod plans;
mod problem;
mod proof;
mod readiness;
mod releases;
mod replay;
mod revisions;
mod ring_sets;
mod rollback;
mod rollouts;
mod rules;
mod signals;
mod strategies;
mod tenants;
mod tokens;
mod updates;

pub use approvals::*;
pub use budget::*;
pub use calendar::*;
pub use controls::*;
pub use devices::*;
pub use enrollment::*;
pub use events::*;
pub use explain::*;
pub use failures::*;
pub use holds::*;
pub use pauses::*;
pub use plans::*;
pub use problem::*;
pub use proof::*;
pub use readiness::*;
pub use releases::*;
pub use replay::*;
pub use revisions::*;
pub use ring_sets::*;
pub use rollback::*;
pub use rollouts::*;
pub use rules::*;
pub use signals::*;
pub use strategies::*;
pub use tenants::*;
pub use tokens::*;
pub use updates::*;

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
