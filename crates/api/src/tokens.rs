//! API tokens.

use api_types::{CreateToken, CreatedToken, List, Token};
use axum::extract::State as Given;
use axum::http::StatusCode;
use chrono::TimeDelta;
use store::tokens::NewToken;

use crate::checks::Checks;
use crate::convert::tokens::{role_in, token};
use crate::extract::{Json, Path};
use crate::paths::TokenPath;
use crate::problem::Problem;
use crate::reply::Created;
use crate::state::State;

const DEFAULT_DAYS: u16 = 90;

/// List the tokens
///
/// All of them, revoked and expired ones too. Their texts are not kept.
#[utoipa::path(get, path = "/api/v1/tokens", operation_id = "token_list", tag = "tokens",
    responses((status = 200, body = List<Token>, description = "Every token")))]
pub(crate) async fn list(Given(state): Given<State>) -> Result<axum::Json<List<Token>>, Problem> {
    let rows = state.store.token_list().await?;
    let items = rows.into_iter().map(token).collect();
    Ok(axum::Json(List { items, next_page_token: None }))
}

/// Make a token
///
/// Its text is in this answer and nowhere else.
#[utoipa::path(post, path = "/api/v1/tokens", operation_id = "token_create", tag = "tokens",
    request_body = CreateToken,
    responses((status = 201, body = CreatedToken, description = "The token, with its text")))]
pub(crate) async fn create(
    Given(state): Given<State>,
    Json(body): Json<CreateToken>,
) -> Result<Created<CreatedToken>, Problem> {
    let days = body.valid_days.unwrap_or(DEFAULT_DAYS);
    let mut checks = Checks::default();
    checks.text("/name", &body.name, 100);
    checks.range("/valid_days", &days, 1..=365);
    checks.finish()?;
    let now = state.now();
    let new = NewToken {
        name: body.name,
        role: role_in(body.role),
        tenant: body.tenant_id.map(Into::into),
        expires_at: now.checked_add_signed(TimeDelta::days(days.into())),
    };
    let made = state.store.token_create(&new, now).await;
    let (row, text) = made.map_err(Problem::about("/tenant_id"))?;
    let location = format!("/api/v1/tokens/{}", row.id);
    Ok(Created { location, body: CreatedToken { token: token(row), text } })
}

/// Revoke a token
///
/// It is refused from then on. Revoking it again changes nothing.
#[utoipa::path(delete, path = "/api/v1/tokens/{token}", operation_id = "token_revoke",
    tag = "tokens", params(TokenPath),
    responses((status = 204, description = "It is revoked")))]
pub(crate) async fn revoke(
    Given(state): Given<State>,
    Path(path): Path<TokenPath>,
) -> Result<StatusCode, Problem> {
    state.store.token_revoke(path.token, state.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}
