//! The one HTML page, and the policy it is sent with.

pub(crate) const NAME: &str = "index.html";

/// What the build leaves in the page where the nonce of an answer belongs.
const PLACE: &str = "{{nonce}}";

pub(crate) fn with_nonce(page: &str, nonce: &str) -> String {
    page.replace(PLACE, nonce)
}

/// Only scripts, styles and answers of our own origin; nothing inline without the nonce, nothing framed,
/// and no text becomes a script.
pub(crate) fn policy(nonce: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; \
         img-src 'self' data:; connect-src 'self'; font-src 'self'; base-uri 'none'; \
         form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
         trusted-types 'none'"
    )
}

/// For whoever opens a server that was built without the console.
pub(crate) fn without_app(nonce: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Concentric</title>\n<style nonce=\"{nonce}\">\n\
         body {{ font: 1rem/1.6 system-ui, sans-serif; max-width: 40rem; margin: 4rem auto; padding: 0 1rem; \
         color-scheme: light dark; }}\ncode {{ background: color-mix(in srgb, currentColor 10%, transparent); \
         padding: .15em .4em; border-radius: .3em; }}\n</style>\n</head>\n<body>\n<main>\n\
         <h1>Concentric runs; its console is not in this build</h1>\n\
         <p>The server was built without the web console, which takes Node 20.19 or newer. Build it, then the \
         server once more:</p>\n<p><code>cargo xtask console</code></p>\n\
         <p><code>cargo build --release --locked</code></p>\n\
         <p>The command line does the same as the console: <code>concentric --help</code>. The API is \
         described at <a href=\"/docs\">/docs</a>.</p>\n</main>\n</body>\n</html>\n"
    )
}
