//! Taking one step of an enrollment on Graph, and reading what stands there.
//!
//! Decides nothing: what a step does was planned by `domain::enrollment`.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use domain::enrollment::find::our_groups;
use domain::enrollment::key::Key;
use domain::enrollment::object::{
    Assigned, GroupPayload, GroupRef, Observed, Payload, Recorded, Target,
};
use domain::enrollment::plan::{Change, Step};
use domain::enrollment::tag::{description, key_of, mail_nickname};
use domain::ids::{DirectoryObjectId, TenantId};
use msgraph::{Client, GroupSpec, Remote, WireTarget};
use scheduler::FleetError;

use super::graph;

/// What all our groups' names begin with, unless somebody renamed one.
const NICKNAMES: &str = "concentric-";
