//! A server of Concentric as a process of its own, for tests that kill it and for the bench: the same
//! `Server` that `concentric serve` runs, on an accelerated clock or on one of its own.
//!
//! Arguments: database URL, listen address, data directory, clock start (RFC 3339), clock anchor
//! (milliseconds since the epoch), speed. Prints the first token, if it made one, and then `ready`.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use server::{Clock, Config, Database, Server};

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, listen, data_dir, start, anchor, speed] = arguments.as_slice() else {
        eprintln!("six arguments are needed");
        std::process::exit(2);
    };
    server::telemetry::init(server::telemetry::LogFormat::Text, None);
    let anchor = Duration::from_millis(anchor.parse().expect("milliseconds"));
    let speed: f64 = speed.parse().expect("a number");
    let start = start.parse().expect("a time");
    let clock = Clock::accelerated(start, SystemTime::UNIX_EPOCH + anchor, speed);
    let mut config = Config::embedded(PathBuf::from(data_dir));
    config.clock = clock;
    // At the speed of the wall's clock it is measured, with the settings of `concentric serve`.
    if speed > 1.0 {
        config = config.accelerated(clock);
        // Short: the next server need not wait long for what a killed one had claimed.
        config.settings.lease = Duration::from_millis(300);
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
}
