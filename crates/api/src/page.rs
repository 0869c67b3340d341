//! The page at `/docs`: the OpenAPI document, to be read by people. Made on the server, without a script
//! and without anything from elsewhere, so that it works where there is no network.

use std::fmt::Write as _;
use std::sync::LazyLock;

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::Value;

use crate::problem::Kind;
use crate::router::DESCRIPTION;

const STYLE: &str = include_str!("page.css");

/// Nothing runs, nothing is fetched, but the style of the same origin.
const POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// Written when somebody first looks at it.
static PAGE: LazyLock<String> =
    LazyLock::new(|| html(&serde_json::from_str(&DESCRIPTION).unwrap_or_default()));

/// `/docs` and its style.
pub(crate) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/docs", get(|| async { answer("text/html; charset=utf-8", PAGE.as_str()) }))
        .route("/docs/style.css", get(|| async { answer("text/css; charset=utf-8", STYLE) }))
}

fn answer(kind: &'static str, body: impl IntoResponse) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    let said: [(HeaderName, &'static str); 3] =
        [(CONTENT_TYPE, kind), (CONTENT_SECURITY_POLICY, POLICY), (CACHE_CONTROL, "no-cache")];
    for (name, value) in said {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// One operation of the document.
struct Operation<'a> {
    method: &'a str,
    path: &'a str,
    about: &'a Value,
}

fn html(document: &Value) -> String {
    let mut page = String::new();
    let operations = operations(document);
    let info = &document["info"];
    let (title, version) = (text(&info["title"]), text(&info["version"]));
    // Writing to a string cannot fail.
    let _ = write!(
        page,
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\"><title>{title} API</title><link \
         rel=\"stylesheet\" href=\"/docs/style.css\"></head><body><nav aria-label=\"Contents\"><h2>{title} \
         {version}</h2><ul><li><a href=\"#conventions\">Conventions</a></li>"
    );
    let tags = document["tags"].as_array().map_or(&[][..], Vec::as_slice);
    for tag in tags {
        let name = text(&tag["name"]);
        let _ = write!(page, "<li><a href=\"#{}\">{}</a></li>", slug(name), escape(name));
    }
    page.push_str(
        "<li><a href=\"#problems\">Problems</a></li><li><a href=\"#schemas\">Schemas</a></li>\
         <li><a href=\"/api/v1/openapi.json\">openapi.json</a></li></ul></nav><main>",
    );
    let _ = write!(page, "<h1>{title} API</h1>{}", paragraphs(text(&info["description"])));
    conventions(&mut page);
    for tag in tags {
        let name = text(&tag["name"]);
        let _ = write!(
            page,
            "<h2 id=\"{}\">{}</h2>{}",
            slug(name),
            escape(name),
            paragraphs(text(&tag["description"]))
        );
        let of_tag = operations.iter().filter(|one| {
            one.about["tags"].as_array().is_some_and(|tags| tags.contains(&tag["name"]))
        });
        for operation in of_tag {
            self::operation(&mut page, operation);
        }
    }
    problems(&mut page);
    schemas(&mut page, &document["components"]["schemas"]);
    page.push_str("</main></body></html>");
    page
}

fn operations(document: &Value) -> Vec<Operation<'_>> {
    let Some(paths) = document["paths"].as_object() else { return Vec::new() };
    paths
        .iter()
        .flat_map(|(path, item)| {
            let methods = ["get", "post", "put", "patch", "delete"];
            methods.into_iter().filter_map(move |method| {
                item.get(method).map(|about| Operation { method, path, about })
            })
        })
        .collect()
}

fn conventions(page: &mut String) {
    let rows = [
        (
            "Tokens",
            "Authorization: Bearer con_…",
            "Every request. What a token may do follows from \
          its roles, and how far it reaches.",
        ),
        (
            "Lists",
            "?page_size=100&page_token=…",
            "next_page_token of a page is the page_token of \
          the next; without one, it was the last.",
        ),
        ("Filters", "?filter=build < 26100", "Devices, by a condition in CEL."),
        (
            "Versions",
            "ETag, If-Match, If-None-Match",
            "A change of what can be replaced names what \
          was looked at (428 without, 412 when it changed). If-None-Match spares an answer that did \
          not change (304).",
        ),
        (
            "Once",
            "Idempotency-Key: <a UUID>",
            "On POST. Sent again within 24 hours, the same request \
          has no second effect and gets the same answer; another body is refused (422).",
        ),
        (
            "Waiting",
            "?wait=30s&until=paused,completed",
            "On a rollout: answers when it is so, or \
          when the time is over. Server-sent events are at …/events.",
        ),
        (
            "Limits",
            "RateLimit, RateLimit-Policy",
            "429 with Retry-After when there are too many \
          requests. Pausing is exempt.",
        ),
    ];
    page.push_str(
        "<h2 id=\"conventions\">Conventions</h2><table><thead><tr><th>what</th><th>how</th>\
         <th>meaning</th></tr></thead><tbody>",
    );
    for (what, how, meaning) in rows {
        let _ = write!(
            page,
            "<tr><th scope=\"row\">{what}</th><td><code>{}</code></td><td>{meaning}</td></tr>",
            escape(how)
        );
    }
    page.push_str("</tbody></table>");
}

fn operation(page: &mut String, operation: &Operation<'_>) {
    let Operation { method, path, about } = *operation;
    let id = text(&about["operationId"]);
    let _ = write!(
        page,
        "<section id=\"{id}\"><h3><span class=\"method {method}\">{}</span> <code>{}</code></h3>\
         <p><strong>{}</strong></p>{}",
        method.to_uppercase(),
        escape(path),
        escape(text(&about["summary"])),
        paragraphs(text(&about["description"])),
    );
    let access = &about["x-access"];
    let roles: Vec<&str> = access["roles"].as_array().into_iter().flatten().map(text).collect();
    let _ = write!(
        page,
        "<p class=\"access\">Action <code>{}</code>, reach {}: {}</p>",
        text(&access["action"]),
        text(&access["reach"]),
        roles.join(", "),
    );
    parameters(page, &about["parameters"]);
    let body = about["requestBody"]["content"].as_object().and_then(|kinds| kinds.values().next());
    if let Some(body) = body {
        let _ = write!(page, "<p>Body: {}</p>", kind(&body["schema"]));
    }
    responses(page, &about["responses"]);
    let _ = write!(page, "<pre><code>{}</code></pre></section>", escape(&curl(method, path, body)));
}

fn curl(method: &str, path: &str, body: Option<&Value>) -> String {
    let mut line = String::from("curl");
    if method != "get" {
        let _ = write!(line, " -X {}", method.to_uppercase());
    }
    line.push_str(" -H \"Authorization: Bearer $CONCENTRIC_TOKEN\"");
    if matches!(method, "put" | "patch") {
        line.push_str(" -H 'If-Match: *'");
    }
    if body.is_some() {
        line.push_str(" -H 'Content-Type: application/json' -d @body.json");
    }
    let _ = write!(line, " \"$CONCENTRIC_URL{}\"", path.replace('{', "$").replace('}', ""));
    line
}

fn parameters(page: &mut String, parameters: &Value) {
    let Some(parameters) = parameters.as_array().filter(|all| !all.is_empty()) else { return };
    page.push_str(
        "<table><thead><tr><th>parameter</th><th>in</th><th>type</th><th>meaning</th></tr></thead>\
         <tbody>",
    );
    for one in parameters {
        let required = if one["required"] == true { " <em>required</em>" } else { "" };
        let _ = write!(
            page,
            "<tr><th scope=\"row\"><code>{}</code>{required}</th><td>{}</td><td>{}</td><td>{}</td></tr>",
            escape(text(&one["name"])),
            text(&one["in"]),
            kind(&one["schema"]),
            paragraphs(text(&one["description"])),
        );
    }
    page.push_str("</tbody></table>");
}

fn responses(page: &mut String, responses: &Value) {
    let Some(responses) = responses.as_object() else { return };
    page.push_str("<ul class=\"responses\">");
    for (status, about) in responses {
        let content = about["content"].as_object();
        let what =
            content.and_then(|kinds| kinds.values().next()).map(|kinds| kind(&kinds["schema"]));
        let what = what.filter(|_| status.starts_with('2')).unwrap_or_default();
        let _ = write!(
            page,
            "<li><code>{status}</code> {} {what}</li>",
            escape(text(&about["description"]))
        );
    }
    page.push_str("</ul>");
}

fn problems(page: &mut String) {
    page.push_str(
        "<h2 id=\"problems\">Problems</h2><p>Every refusal is a problem as RFC 9457 describes it, \
         with <code>type</code>, <code>code</code>, <code>detail</code>, <code>trace_id</code> and \
         <code>errors</code> that point to the fields concerned.</p><table><thead><tr><th>type</th>\
         <th>status</th><th>title</th></tr></thead><tbody>",
    );
    for kind in Kind::ALL {
        let slug = kind.code().replace('_', "-");
        let _ = write!(
            page,
            "<tr id=\"problem-{slug}\"><th scope=\"row\"><code>/problems/{slug}</code></th><td>{}</td>\
             <td>{}</td></tr>",
            kind.status().as_u16(),
            kind.title(),
        );
    }
    page.push_str("</tbody></table>");
}

fn schemas(page: &mut String, schemas: &Value) {
    page.push_str("<h2 id=\"schemas\">Schemas</h2>");
    for (name, schema) in schemas.as_object().into_iter().flatten() {
        let _ = write!(
            page,
            "<section id=\"schema-{name}\"><h3><code>{name}</code></h3>{}",
            paragraphs(text(&schema["description"]))
        );
        shape(page, schema);
        page.push_str("</section>");
    }
}

fn shape(page: &mut String, schema: &Value) {
    if let Some(words) = schema["enum"].as_array() {
        let words: Vec<_> =
            words.iter().map(|word| format!("<code>{}</code>", escape(text(word)))).collect();
        let _ = write!(page, "<p>One of {}.</p>", words.join(", "));
    }
    for variants in ["oneOf", "allOf", "anyOf"] {
        for variant in schema[variants].as_array().into_iter().flatten() {
            let is_plain = variant.get("properties").is_none();
            if is_plain {
                let _ = write!(page, "<p>{}</p>", kind(variant));
            } else {
                page.push_str(&paragraphs(text(&variant["description"])));
                shape(page, variant);
            }
        }
    }
    let Some(properties) = schema["properties"].as_object() else { return };
    page.push_str(
        "<table><thead><tr><th>field</th><th>type</th><th>meaning</th></tr></thead><tbody>",
    );
    let required = schema["required"].as_array().map_or(&[][..], Vec::as_slice);
    for (name, field) in properties {
        let is_required = required.iter().any(|one| one == name.as_str());
        let mark = if is_required { " <em>required</em>" } else { "" };
        let _ = write!(
            page,
            "<tr><th scope=\"row\"><code>{}</code>{mark}</th><td>{}</td><td>{}</td></tr>",
            escape(name),
            kind(field),
            paragraphs(text(&field["description"])),
        );
    }
    page.push_str("</tbody></table>");
}

/// What a schema is, in a few words, with a link where it has a name.
fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        return format!("<a href=\"#schema-{name}\">{name}</a>");
    }
    for variants in ["oneOf", "anyOf", "allOf"] {
        if let Some(all) = schema[variants].as_array() {
            let all: Vec<String> = all.iter().map(kind).collect();
            return all.join(" or ");
        }
    }
    if let Some(words) = schema["enum"].as_array() {
        let words: Vec<_> = words.iter().map(|word| escape(text(word))).collect();
        return words.join(" or ");
    }
    let Some(kinds) = schema["type"].as_array() else {
        return plain(text(&schema["type"]), schema);
    };
    let named = |kind: &Value| plain(text(kind), schema);
    kinds.iter().map(named).collect::<Vec<_>>().join(" or ")
}

fn plain(kind: &str, schema: &Value) -> String {
    match kind {
        "array" => format!("list of {}", self::kind(&schema["items"])),
        "" => "anything".to_owned(),
        other => match schema["format"].as_str() {
            Some(format) => format!("{other} ({})", escape(format)),
            None => other.to_owned(),
        },
    }
}

fn paragraphs(text: &str) -> String {
    let all = text.split("\n\n").filter(|one| !one.trim().is_empty());
    all.fold(String::new(), |mut html, one| {
        let _ = write!(html, "<p>{}</p>", code(&escape(one)));
        html
    })
}

/// What stands between backticks, as code.
fn code(text: &str) -> String {
    let mut html = String::new();
    for (at, part) in text.split('`').enumerate() {
        if at % 2 == 1 {
            let _ = write!(html, "<code>{part}</code>");
        } else {
            html.push_str(part);
        }
    }
    html
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn slug(text: &str) -> String {
    text.replace(' ', "-")
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
