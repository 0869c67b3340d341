//! A server of Concentric as a process of its own, for tests that kill it and for the bench: the same
//! `Server` that `concentric serve` runs, on an accelerated clock or on one of its own.
//!
//! Arguments: database URL, listen address, data directory, clock start (RFC 3339), clock anchor
//! (milliseconds since the epoch), speed, and what may be called (none: nothing of this machine); or `rotate`,
//! database URL and key file. Prints the first token, if it made one, and then `ready`.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use server::{
    Clock, Config, Database, KeySource, OidcSettings, Server, SmtpSettings, SmtpTls, rotate,
};

/// As in `concentric`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [rotating, url, key] = arguments.as_slice()
        && rotating == "rotate"
    {
        let source = KeySource::File(PathBuf::from(key));
        rotate(&source, &Database::Url(url.clone())).await.expect("it works");
        return;
    }
    let [url, listen, data_dir, start, anchor, speed, allow @ ..] = arguments.as_slice() else {
        eprintln!("six arguments are needed, and the seventh says what may be called");
        std::process::exit(2);
    };
    let traces = server::telemetry::init(server::telemetry::LogFormat::Text, None, None);
    let anchor = Duration::from_millis(anchor.parse().expect("milliseconds"));
    let speed: f64 = speed.parse().expect("a number");
    let start = start.parse().expect("a time");
    let clock = Clock::accelerated(start, SystemTime::UNIX_EPOCH + anchor, speed);
    let mut config = Config::embedded(PathBuf::from(data_dir));
    config.clock = clock;
    // One caller stands for many here.
    config.limits = server::Limits { per_second: NonZeroU32::MAX, burst: NonZeroU32::MAX };
    // At the speed of the wall's clock it is measured, with the settings of `concentric serve`.
    if speed > 1.0 {
        config = config.accelerated(clock);
        // Short: the next server need not wait long for what a killed one had claimed.
        config.settings.lease = Duration::from_millis(300);
    }
    if let Some(file) = std::env::var_os("CONCENTRIC_OIDC_CONFIG") {
        config.oidc = Some(OidcSettings::load(file.as_ref()).expect("it makes sense"));
    }
    if let [allow, ..] = allow {
        config.outbound.allow = allow.parse().expect("an allow list");
    }
    if let Ok(port) = std::env::var("CONCENTRIC_TEST_SMTP_PORT") {
        config.smtp = Some(mail_server(port.parse().expect("a port")));
    }
    config.database = Database::Url(url.clone());
    config.listen = listen.parse().expect("an address");
    let server = match Server::start(config).await {
        Ok(server) => server,
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(1);
        }
    };
    if let Some(token) = server.first_token() {
        println!("token {token}");
    }
    println!("ready {}", server.address());
    // Until it is killed, or the test that started it is gone.
    let mut line = String::new();
    let _ = tokio::task::spawn_blocking(move || std::io::stdin().read_line(&mut line)).await;
    server.shutdown().await;
    traces.finish().await;
}

/// The mail server of the tests, on this machine.
fn mail_server(port: u16) -> SmtpSettings {
    let password = std::env::var("CONCENTRIC_SMTP_PASSWORD").expect("a password");
    let roots = std::env::var_os("CONCENTRIC_SMTP_CA_FILE").expect("a file");
    SmtpSettings {
        host: "localhost".to_owned(),
        port,
        tls: SmtpTls::StartTls,
        login: Some(("concentric".to_owned(), password.into())),
        from: "updates@example.com".parse().expect("an address"),
        roots: Some(std::fs::read(roots).expect("certificates")),
    }
}
