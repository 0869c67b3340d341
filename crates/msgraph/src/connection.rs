//! Where a tenant's Graph is, who we are there, and how patient we may be.
//!
//! Never read from files or the environment here, and never shown with its secrets.

use std::time::Duration;

use domain::ids::EntraTenantId;
use secrecy::SecretString;
use url::Url;
use uuid::Uuid;

/// One tenant's Graph.
#[derive(Debug, Clone)]
pub struct Connection {
    pub entra_tenant: EntraTenantId,
    pub client_id: Uuid,
    pub credential: Credential,
    /// `https://graph.microsoft.com`, or a simulator.
    pub graph_url: Url,
    /// `https://login.microsoftonline.com`, or a simulator.
    pub login_url: Url,
}

/// How the app proves who it is.
#[derive(Debug, Clone)]
pub enum Credential {
    Secret(SecretString),
    Certificate { certificate_pem: String, private_key_pem: SecretString },
}

/// How often, how long and how much.
#[derive(Debug, Clone)]
pub struct Limits {
    /// How often one call is sent at most.
    pub attempts: u32,
    /// The longest wait between two attempts; a longer `Retry-After` is cut to this.
    pub max_wait: Duration,
    /// For one attempt, from connecting to the last byte.
    pub timeout: Duration,
    /// The first wait without a `Retry-After`; doubled every time, with full jitter.
    pub base_backoff: Duration,
    /// Waits before the re-reads that follow a create of unknown outcome.
    pub settle: [Duration; 3],
    /// Between two looks at an export job.
    pub export_poll: Duration,
    /// When to give up on an export job.
    pub export_max_wait: Duration,
    /// The largest answer that is read, in bytes.
    pub max_body: usize,
    /// The largest exported report, unpacked, in bytes.
    pub max_report: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            attempts: 5,
            max_wait: Duration::from_mins(2),
            timeout: Duration::from_mins(1),
            base_backoff: Duration::from_secs(1),
            settle: [2, 8, 30].map(Duration::from_secs),
            export_poll: Duration::from_secs(5),
            export_max_wait: Duration::from_mins(15),
            max_body: 256 << 20,
            max_report: 1 << 30,
        }
    }
}

impl Limits {
    /// How long to wait before attempt `done + 1`.
    pub(crate) fn wait(&self, retry_after: Option<Duration>, done: u32) -> Duration {
        if let Some(asked) = retry_after {
            return asked.min(self.max_wait) + self.base_backoff.mul_f64(fastrand::f64());
        }
        let exponential = self.base_backoff.saturating_mul(1 << done.saturating_sub(1).min(16));
        // Full jitter, but never nothing: at least a tenth.
        exponential.min(self.max_wait).mul_f64(0.1 + 0.9 * fastrand::f64())
    }
}
