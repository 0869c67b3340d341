//! The OpenAPI document, from the handlers and the table of rules.

use utoipa::OpenApi as _;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Components, ContentBuilder, OpenApi, Ref, RefOr, ResponseBuilder};

use crate::access::{RULES, Reach, Rule, role_name};

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Concentric",
        description = "Walks Windows updates through the testing rings of a fleet.\n\n\
            Every request needs a token. Errors are problems as RFC 9457 describes them. Fields are \
            added over time and enumerations grow; what is there keeps its meaning.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    components(schemas(api_types::Problem)),
    tags(
        (name = "tokens", description = "Who may call"),
        (name = "tenants", description = "Entra tenants that are served"),
        (name = "readiness", description = "Is a tenant fit to be served"),
        (name = "enrollment", description = "What is made in a tenant, and taken back"),
        (name = "registration", description = "Which devices may be served, and why others not"),
        (name = "devices", description = "Windows devices, as Graph knows them"),
        (name = "ring sets", description = "Ordered lists of rings, and who is in them"),
        (name = "updates", description = "The update catalogue"),
        (name = "rules", description = "What approves updates by itself"),
        (name = "releases", description = "Updates approved to go out"),
        (name = "pauses", description = "What stands still until a person lets it go on"),
        (name = "plans", description = "Rollouts computed without effect, to be started exactly so"),
        (name = "rollouts", description = "Releases walking through a ring set"),
        (name = "signals", description = "What other systems say, for gates to listen to"),
        (name = "service", description = "About the service itself"),
    )
)]
struct Document;

/// The document of the whole API.
#[must_use]
pub fn openapi() -> OpenApi {
    crate::router::handlers().1
}

/// What stands in the document before any handler does.
pub(crate) fn empty() -> OpenApi {
    let mut document = Document::openapi();
    let scheme = Http::builder().scheme(HttpAuthScheme::Bearer).bearer_format("con_...").build();
    let components = document.components.get_or_insert_with(Components::new);
    components.add_security_scheme("token", SecurityScheme::Http(scheme));
    document
}

/// Adds to every operation what its rule says, and the problems that come of it.
pub(crate) fn with_rules(mut document: OpenApi) -> OpenApi {
    for rule in &RULES {
        let item = document.paths.paths.get_mut(rule.path);
        let operation = item.and_then(|item| match rule.method.as_str() {
            "GET" => item.get.as_mut(),
            "POST" => item.post.as_mut(),
            "PUT" => item.put.as_mut(),
            "PATCH" => item.patch.as_mut(),
            "DELETE" => item.delete.as_mut(),
            _ => None,
        });
        if let Some(operation) = operation {
            describe(operation, rule);
        }
    }
    document
}

fn describe(operation: &mut Operation, rule: &Rule) {
    operation.security = Some(vec![SecurityRequirement::new("token", [""; 0])]);
    let reach = match rule.reach {
        Reach::Tenant | Reach::Own => "tenant",
        Reach::Service => "service",
    };
    // One extension, not two: they are kept in no particular order.
    let access = serde_json::json!({ "role": role_name(rule.role), "reach": reach });
    let extensions = ExtensionsBuilder::new().add("x-access", access).build();
    operation.extensions = Some(extensions);
    let takes_body = operation.request_body.is_some();
    let takes_id = rule.path.contains('{');
    let problems = [
        ("400", takes_body || takes_id || operation.parameters.is_some(), "Malformed"),
        ("401", true, "No token, or one that is unknown, expired or revoked"),
        ("403", true, "The token's role is too small, or it is bound to one tenant"),
        ("404", takes_id, "There is no such thing, for this token"),
        ("409", rule.method != axum::http::Method::GET, "The state of things forbids it"),
        ("413", takes_body, "The body is larger than 1 MiB"),
        ("415", takes_body, "The body is not said to be JSON"),
        ("422", takes_body, "A field is wrong; `errors` names it"),
        ("500", true, "A fault of the service"),
        ("503", true, "The database does not answer; `Retry-After` says when to try again"),
    ];
    for (status, applies, description) in problems {
        if applies {
            let content =
                ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
            let response = ResponseBuilder::new()
                .description(description)
                .content("application/problem+json", content)
                .build();
            operation.responses.responses.insert(status.to_owned(), RefOr::T(response));
        }
    }
}
