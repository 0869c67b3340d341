//! What a simulator is told before it starts: the fleet, the scenario, the clock, the faults.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, TimeZone, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::defect::Defect;

/// The tenant of [`Config::default`].
pub const DEFAULT_TENANT: Uuid = Uuid::from_u128(0x5c0f_fee5_0000_4000_8000_0000_0000_0001);
/// The application of [`Config::default`].
pub const DEFAULT_CLIENT_ID: Uuid = Uuid::from_u128(0xc11e_4710_0000_4000_8000_0000_0000_0002);
/// The secret of [`Config::default`]. It opens nothing but a simulator.
pub const DEFAULT_CLIENT_SECRET: &str = "simulated-secret";

/// Everything that decides how a simulated tenant behaves.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen; port 0 takes any free port.
    pub listen: SocketAddr,
    /// Size of the fleet.
    pub devices: u32,
    /// Two simulators with one seed have the same fleet.
    pub seed: u64,
    /// Simulated seconds per wall second.
    pub speed: f64,
    /// Simulated time at the anchor.
    pub start: DateTime<Utc>,
    /// The wall instant at which simulated time equals `start`.
    pub anchor: SystemTime,
    /// What goes wrong with this month's update.
    pub scenario: Scenario,
    /// Folder that receives one file per Graph request, for the conformance checker.
    pub record: Option<PathBuf>,
    pub tenant: Uuid,
    pub client_id: Uuid,
    pub client_secret: String,
    /// RSA public key (PEM) against which client assertions are verified.
    pub client_public_key_pem: Option<String>,
    /// Faults injected from the first request on.
    pub faults: Faults,
    /// What is wrong from the start.
    pub defects: Vec<Defect>,
    /// The application permissions that are granted, by name; without a list those that the
    /// service asks for.
    pub permissions: Option<Vec<String>>,
    /// Whether update rings offer what is newest to devices that the deployment service does not have.
    /// Off, so that whoever tries one way of offering sees that way alone.
    pub rings_offer: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            devices: 1000,
            seed: 1,
            speed: 1.0,
            start: Utc.timestamp_opt(1_794_333_600, 0).single().unwrap_or_default(),
            anchor: SystemTime::now(),
            scenario: Scenario::Healthy,
            record: None,
            tenant: DEFAULT_TENANT,
            client_id: DEFAULT_CLIENT_ID,
            client_secret: DEFAULT_CLIENT_SECRET.to_owned(),
            client_public_key_pem: None,
            faults: Faults::default(),
            defects: Vec::new(),
            permissions: None,
            rings_offer: false,
        }
    }
}

/// How the security update that is current at the start behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scenario {
    /// Few devices lost; one install in a hundred fails at first, and most of these heal when
    /// Windows tries again a day later.
    #[default]
    Healthy,
    /// One install in five fails, and goes on failing.
    BadUpdate,
    /// Most installs on one model fail, and go on failing.
    BadModel,
    /// Some devices are never heard of again after their reboot.
    Silent,
}

impl fmt::Display for Scenario {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Healthy => "healthy",
            Self::BadUpdate => "bad-update",
            Self::BadModel => "bad-model",
            Self::Silent => "silent",
        })
    }
}

/// A scenario name that is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownScenario(pub String);

impl fmt::Display for UnknownScenario {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "unknown scenario {:?}: healthy, bad-update, bad-model or silent", self.0)
    }
}

impl std::error::Error for UnknownScenario {}

impl FromStr for Scenario {
    type Err = UnknownScenario;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "healthy" => Ok(Self::Healthy),
            "bad-update" => Ok(Self::BadUpdate),
            "bad-model" => Ok(Self::BadModel),
            "silent" => Ok(Self::Silent),
            other => Err(UnknownScenario(other.to_owned())),
        }
    }
}

/// Faults laid over the Graph surface. `every: n` strikes each nth request, batch parts counted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// 429, by turns with `Retry-After: 1` and without.
    pub throttle_every: Option<u32>,
    /// 503 and 504 by turns, before any effect.
    pub error_5xx_every: Option<u32>,
    /// The effect happens; the answer is a 504 or, every other time outside batches, the connection
    /// ends without one.
    pub drop_after_effect_every: Option<u32>,
    /// The JSON body ends half way.
    pub truncate_every: Option<u32>,
    /// 401 although the token is good.
    pub unauthorized_every: Option<u32>,
    /// Paths (after the version) that start so answer 403.
    pub forbidden: Vec<String>,
    /// Waited before every answer; `latency_ms` in JSON.
    #[serde(rename = "latency_ms", serialize_with = "to_millis", deserialize_with = "from_millis")]
    pub latency: Duration,
}

fn to_millis<S: Serializer>(latency: &Duration, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_u64(u64::try_from(latency.as_millis()).unwrap_or(u64::MAX))
}

fn from_millis<'de, D: Deserializer<'de>>(input: D) -> Result<Duration, D::Error> {
    u64::deserialize(input).map(Duration::from_millis)
}
