//! The OpenAPI document, from the handlers and the table of rules.

use utoipa::OpenApi as _;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ArrayItems, Object, Type};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    Components, ContentBuilder, ObjectBuilder, OpenApi, Ref, RefOr, Required, ResponseBuilder,
    Schema,
};

use crate::access::{Action, RULES, Role, Rule};
use crate::conditional::validate_only;
use crate::versions::{self, Condition};

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Concentric",
        description = "Walks Windows updates through the testing rings of a fleet.\n\n\
            Every request needs a token. Errors are problems as RFC 9457 describes them. Fields are \
            added over time and enumerations grow; what is there keeps its meaning.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    components(schemas(api_types::Problem, api_types::AuditOrder)),
    tags(
        (name = "tokens", description = "Who may call"),
        (name = "tenants", description = "Entra tenants that are served"),
        (name = "readiness", description = "Is a tenant fit to be served"),
        (name = "enrollment", description = "What is made in a tenant, and taken back"),
        (name = "registration", description = "Which devices may be served, and why others not"),
        (name = "devices", description = "Windows devices, as Graph knows them"),
        (name = "ring sets", description = "Ordered lists of rings, and who is in them"),
        (name = "calendar", description = "Freezes and holidays"),
        (name = "updates", description = "The update catalogue"),
        (name = "rules", description = "What approves updates by itself"),
        (name = "releases", description = "Updates approved to go out"),
        (name = "pauses", description = "What stands still until a person lets it go on"),
        (name = "plans", description = "Rollouts computed without effect, to be started exactly so"),
        (name = "rollouts", description = "Releases walking through a ring set"),
        (name = "signals", description = "What other systems say, for gates to listen to"),
        (name = "webhooks", description = "Receivers that are told what happens"),
        (name = "notifications", description = "People who are told what happens"),
        (name = "reports", description = "How a fleet stands, and what is told of it"),
        (name = "support", description = "What somebody needs help with, with its evidence"),
        (name = "audit", description = "Everything that was asked for and decided, to be verified"),
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

/// What a schema is made of together with other fields does not forbid them. A body that is sent is closed,
/// and an answer that repeats it has more.
pub(crate) fn opened(mut document: OpenApi) -> OpenApi {
    let Some(components) = &mut document.components else { return document };
    let known = components.schemas.clone();
    components.schemas.values_mut().for_each(|schema| open(schema, &known));
    document
}

type Schemas = std::collections::BTreeMap<String, RefOr<Schema>>;

fn open(schema: &mut RefOr<Schema>, known: &Schemas) {
    let RefOr::T(schema) = schema else { return };
    match schema {
        Schema::AllOf(all) => all.items.iter_mut().for_each(|item| {
            if let Some(mut object) = closed(item, known) {
                object.additional_properties = None;
                *item = RefOr::T(Schema::Object(object));
            }
            open(item, known);
        }),
        Schema::OneOf(one) => one.items.iter_mut().for_each(|item| open(item, known)),
        Schema::AnyOf(any) => any.items.iter_mut().for_each(|item| open(item, known)),
        Schema::Object(object) => object.properties.values_mut().for_each(|one| open(one, known)),
        Schema::Array(array) => {
            if let ArrayItems::RefOrSchema(items) = &mut array.items {
                open(items, known);
            }
        }
        _ => {}
    }
}

/// The object behind a reference, if there is one.
fn closed(item: &RefOr<Schema>, known: &Schemas) -> Option<Object> {
    let RefOr::Ref(reference) = item else { return None };
    match known.get(reference.ref_location.rsplit('/').next()?)? {
        RefOr::T(Schema::Object(object)) => Some(object.clone()),
        RefOr::T(_) | RefOr::Ref(_) => None,
    }
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

const IF_MATCH: &str = "The ETag of what you looked at: the change is refused when somebody made one \
    since. `*` changes whatever is there.";
const KEY: &str = "A new text, such as a UUID, for each thing to be done. Sent again with the same key and \
    body within 24 hours, a request has no second effect and gets the same answer.";

const VALIDATE_ONLY: &str = "Everything is checked as it would be, and nothing is kept: the answer is 204, or \
    the refusal.";
const TRIED: &str = "With `validate_only`: it would be done. The header `Concentric-Would` says `change` or \
    `nothing`.";

fn header(name: &str, required: bool, description: &str) -> Parameter {
    let text = ObjectBuilder::new().schema_type(Type::String).build();
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(if required { Required::True } else { Required::False })
        .description(Some(description))
        .schema(Some(text))
        .build()
}

fn describe(operation: &mut Operation, rule: &Rule) {
    operation.security = Some(vec![SecurityRequirement::new("token", [""; 0])]);
    // One extension, not two: they are kept in no particular order.
    let roles: Vec<_> = Role::ALL.into_iter().filter(|role| role.may(rule.action)).collect();
    let access = serde_json::json!({
        "action": rule.action,
        "roles": roles,
        "reach": rule.reach.name(),
    });
    let extensions = ExtensionsBuilder::new().add("x-access", access).build();
    operation.extensions = Some(extensions);
    let condition = versions::condition(&rule.method, rule.path);
    let is_keyed = rule.method == axum::http::Method::POST && rule.action != Action::Read;
    let mut headers = Vec::new();
    match condition {
        Some(Condition::Required) => headers.push(header("If-Match", true, IF_MATCH)),
        Some(Condition::Optional) => headers.push(header("If-Match", false, IF_MATCH)),
        None => {}
    }
    if is_keyed {
        headers.push(header("Idempotency-Key", false, KEY));
    }
    let can_be_tried = rule.method != axum::http::Method::GET
        && validate_only::can_be_tried(Some(rule.action), rule.path);
    if can_be_tried {
        headers.push(
            ParameterBuilder::new()
                .name(validate_only::NAME)
                .parameter_in(ParameterIn::Query)
                .description(Some(VALIDATE_ONLY))
                .schema(Some(ObjectBuilder::new().schema_type(Type::Boolean).build()))
                .build(),
        );
        let tried = ResponseBuilder::new().description(TRIED).build();
        operation.responses.responses.entry("204".to_owned()).or_insert(RefOr::T(tried));
    }
    operation.parameters.get_or_insert_default().extend(headers.into_iter().map(RefOr::T));
    let takes_body = operation.request_body.is_some();
    let takes_id = rule.path.contains('{');
    let problems = [
        ("400", takes_body || takes_id || operation.parameters.is_some(), "Malformed"),
        ("401", true, "No token, or one that is unknown, expired or revoked"),
        ("403", true, "The token's role is too small, or it is bound to one tenant"),
        ("404", takes_id, "There is no such thing, for this token"),
        ("409", rule.method != axum::http::Method::GET, "The state of things forbids it"),
        ("412", condition.is_some(), "It is not as it was when the caller looked"),
        ("413", takes_body, "The body is larger than 1 MiB"),
        ("415", takes_body, "The body is not said to be JSON"),
        ("422", rule.method != axum::http::Method::GET, "A field is wrong; `errors` names it"),
        ("428", condition == Some(Condition::Required), "`If-Match` is missing"),
        (
            "429",
            rule.action != Action::Pause,
            "Too many requests; `Retry-After` says how long to wait",
        ),
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
