//! People whom a provider of identities vouches for. Whoever implements [`People`] speaks to it; the API
//! does not.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use serde::Deserialize;
use store::sessions::Person;

use crate::problem::{Kind, Problem};

/// What is answered later.
pub type Asked<'a, T> = Pin<Box<dyn Future<Output = Result<T, Stranger>> + Send + 'a>>;

/// A provider of identities.
pub trait People: Send + Sync {
    /// Who a bearer token is about.
    fn person<'a>(&'a self, token: &'a str) -> Asked<'a, Person>;

    /// Sends a browser to the provider, from where it comes back to `redirect_uri`.
    fn begin<'a>(&'a self, redirect_uri: &'a str, return_to: &'a str) -> Asked<'a, Leaving>;

    /// Takes it back: the person, and the path they wanted to see.
    fn finish<'a>(
        &'a self,
        redirect_uri: &'a str,
        sealed: &'a str,
        returned: Returned,
    ) -> Asked<'a, (Person, String)>;
}

/// Where a browser is sent, and what it has to bring back in a cookie.
#[derive(Clone)]
pub struct Leaving {
    pub location: String,
    pub sealed: String,
    /// For how long that is good.
    pub seconds: i64,
}

impl fmt::Debug for Leaving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leaving").finish_non_exhaustive()
    }
}

/// What a browser comes back with.
#[derive(Clone, Default, Deserialize)]
pub struct Returned {
    pub code: Option<String>,
    pub state: Option<String>,
    pub iss: Option<String>,
    pub error: Option<String>,
}

impl fmt::Debug for Returned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Returned").finish_non_exhaustive()
    }
}

/// Why somebody is not let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stranger {
    /// What was sent does not say who they are.
    Unknown(String),
    /// They are known, and have no role here.
    Nobody(String),
    /// The provider cannot be asked now; why is for the log.
    Unavailable(String),
}

impl From<Stranger> for Problem {
    fn from(stranger: Stranger) -> Self {
        match stranger {
            Stranger::Unknown(why) => Self::new(Kind::Unauthenticated, why),
            Stranger::Nobody(name) => {
                let why = format!("{name:?} is in no group that has a role here");
                Self::new(Kind::Forbidden, why)
            }
            Stranger::Unavailable(cause) => {
                let why = "the provider of identities does not answer; try again in a few seconds";
                Self { cause: Some(cause.into()), ..Self::new(Kind::Unavailable, why) }
            }
        }
    }
}
