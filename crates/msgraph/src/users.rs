//! User accounts, found by how their sign-in names begin (v1.0 `/users`).
//!
//! Never reads more of a person than the id and the sign-in name.

use serde::Deserialize;
use uuid::Uuid;

use crate::client::Client;
use crate::error::GraphError;
use crate::odata::{Version, literal, nullable};

/// The directory refuses filters with more alternatives than this.
const PER_FILTER: usize = 15;

/// A user account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub id: Uuid,
    /// The sign-in name, `somebody@contoso.com`.
    pub user_principal_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireUser {
    id: Uuid,
    #[serde(default, deserialize_with = "nullable")]
    user_principal_name: String,
}

impl Client {
    /// The users whose sign-in name begins with one of `prefixes`; nobody for no prefixes.
    /// Give `name@` to find a name in whichever domain. Case does not matter.
    pub async fn users_named(&self, prefixes: &[&str]) -> Result<Vec<User>, GraphError> {
        let mut users: Vec<User> = Vec::new();
        for chunk in prefixes.chunks(PER_FILTER) {
            let named =
                |prefix: &&str| format!("startsWith(userPrincipalName,{})", literal(prefix));
            let filter: Vec<String> = chunk.iter().map(named).collect();
            let filter = filter.join(" or ");
            let path = format!("/users?$filter={filter}&$select=id,userPrincipalName&$top=999");
            let pages = self.pages(Version::V1, &path, |wire: WireUser| {
                Some(User { id: wire.id, user_principal_name: wire.user_principal_name })
            })?;
            users.extend(pages.all().await?);
        }
        // One name can answer to two prefixes.
        users.sort_by_key(|user| user.id);
        users.dedup_by_key(|user| user.id);
        Ok(users)
    }
}
