//! How much one caller may ask: so many requests a second, with room for a burst. Pausing is exempt.
//!
//! By server, not over all of them: a limit keeps one caller from crowding out the others, and is no
//! price. Said in the headers of the IETF draft `draft-ietf-httpapi-ratelimit-headers`.

use std::fmt;
use std::hash::Hash;
use std::num::NonZeroU32;

use axum::http::{HeaderMap, HeaderValue};
use governor::clock::{Clock as _, MonotonicClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::problem::{Kind, Problem};

/// What a caller may ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Requests that become possible anew each second.
    pub per_second: NonZeroU32,
    /// Requests at once, after a pause.
    pub burst: NonZeroU32,
}

impl Default for Limits {
    /// Ten dashboards, each reading ten things a second.
    fn default() -> Self {
        let number = |number| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
        Self { per_second: number(100), burst: number(500) }
    }
}

type Inner<K> = RateLimiter<K, HashMapStateStore<K>, MonotonicClock, StateInformationMiddleware>;

/// By what callers are told apart: the id of a principal, or an address.
pub(crate) struct Limiter<K: Hash + Eq + Clone> {
    limits: Limits,
    /// What to do instead.
    advice: &'static str,
    inner: Inner<K>,
}

impl<K: Hash + Eq + Clone> fmt::Debug for Limiter<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limiter").field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// What is left to a caller.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allowance {
    limits: Limits,
    remaining: u32,
}

/// Callers that are known before the idle ones are forgotten.
const KNOWN: usize = 10_000;

impl<K: Hash + Eq + Clone> Limiter<K> {
    pub(crate) fn new(limits: Limits, advice: &'static str) -> Self {
        let quota = Quota::per_second(limits.per_second).allow_burst(limits.burst);
        let clock = MonotonicClock;
        let inner: Inner<K> = RateLimiter::new(quota, HashMapStateStore::default(), clock);
        Self { limits, advice, inner }
    }

    /// Takes one request off what the caller has; a problem when there is none.
    pub(crate) fn take(&self, caller: &K) -> Result<Allowance, Problem> {
        if self.inner.len() > KNOWN {
            self.inner.retain_recent();
        }
        match self.inner.check_key(caller) {
            Ok(left) => {
                Ok(Allowance { limits: self.limits, remaining: left.remaining_burst_capacity() })
            }
            Err(until) => {
                let wait = until.wait_time_from(MonotonicClock.now());
                // A whole second at least: that is what Retry-After counts in.
                let seconds = u8::try_from(wait.as_secs().saturating_add(1)).unwrap_or(u8::MAX);
                let detail = format!(
                    "more than {} requests a second; {}",
                    self.limits.per_second, self.advice
                );
                Err(Problem::new(Kind::TooMany { seconds }, detail))
            }
        }
    }
}

impl Allowance {
    pub(crate) fn write(self, headers: &mut HeaderMap) {
        let Limits { per_second, burst } = self.limits;
        let window = burst.get().div_ceil(per_second.get());
        let refill = (burst.get().saturating_sub(self.remaining)).div_ceil(per_second.get());
        let policy = format!("\"default\";q={burst};w={window}");
        let state = format!("\"default\";r={};t={refill}", self.remaining);
        for (name, value) in [("ratelimit-policy", policy), ("ratelimit", state)] {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
    }
}
