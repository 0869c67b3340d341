//! `concentric serve`: the service, until it is asked to stop.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use chrono::TimeDelta;
use clap::Args;
use server::telemetry::{self, LogFormat};
use server::{AllowList, Config, Database, Server};

use crate::failure::{Exit, Failure};
use crate::output::say;
use crate::watch::length;

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Where to listen.
    #[arg(long, env = "CONCENTRIC_LISTEN", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Where the key that seals credentials is kept, and the embedded database if there is one.
    #[arg(long, env = "CONCENTRIC_DATA_DIR", value_name = "DIR", default_value = ".concentric")]
    data_dir: PathBuf,
    /// How to write logs, which go to stderr: text or json; `CONCENTRIC_LOG` says which.
    #[arg(long, env = "CONCENTRIC_LOG_FORMAT", value_name = "FORMAT", default_value = "text")]
    log_format: LogFormat,
    /// How often check-ins and reports of devices are read.
    #[arg(long, value_name = "LENGTH", default_value = "15m", value_parser = length)]
    observe_every: Duration,
    /// How often devices, groups and catalogue are read from scratch.
    #[arg(long, value_name = "LENGTH", default_value = "12h", value_parser = length)]
    sync_every: Duration,
    /// HTTP proxy through which the network check tries addresses. Graph itself is called through the
    /// one that `HTTPS_PROXY` names.
    #[arg(long, env = "CONCENTRIC_PROXY", value_name = "URL", hide_env_values = true)]
    proxy: Option<url::Url>,
    /// Hosts, addresses and networks beyond the public internet that signals may be read from, by
    /// plain http too: `prometheus.corp:9090,10.1.2.0/24`.
    #[arg(long, env = "CONCENTRIC_OUTBOUND_ALLOW", value_name = "LIST", default_value = "")]
    outbound_allow: AllowList,
    /// Ports of public addresses that signals may be read from.
    #[arg(
        long,
        env = "CONCENTRIC_OUTBOUND_PORTS",
        value_name = "PORTS",
        default_value = "443",
        value_delimiter = ','
    )]
    outbound_ports: Vec<u16>,
    /// Where Log Analytics is asked, in a sovereign cloud.
    #[arg(
        long,
        env = "CONCENTRIC_LOG_ANALYTICS_URL",
        value_name = "URL",
        default_value = "https://api.loganalytics.azure.com"
    )]
    log_analytics_url: url::Url,
}

pub(crate) async fn run(serve: Serve) -> Result<Exit, Failure> {
    telemetry::init(serve.log_format, None);
    let data_dir = std::path::absolute(&serve.data_dir)
        .map_err(|error| Failure::Usage(format!("{}: {error}", serve.data_dir.display())))?;
    super::create_dir(&data_dir)?;
    let mut config = Config::embedded(data_dir);
    config.listen = serve.listen;
    config.proxy = serve.proxy;
    config.outbound.allow = serve.outbound_allow;
    config.outbound.ports = serve.outbound_ports;
    config.log_analytics_url = serve.log_analytics_url.into();
    config.settings.observe_every = time_delta(serve.observe_every)?;
    config.settings.sync_every = time_delta(serve.sync_every)?;
    // It holds a password, so it is read here and has no argument.
    if let Ok(url) = std::env::var("CONCENTRIC_DATABASE_URL")
        && !url.is_empty()
    {
        config.database = Database::Url(url);
    }
    let starting = Server::start(config);
    let server = tokio::select! {
        started = starting => started.map_err(|error| Failure::Failed(error.to_string()))?,
        () = super::asked_to_stop() => return Ok(Exit::Ok),
    };
    let url = format!("http://{}", server.address());
    say(&format!("Concentric listens on {url}"));
    if let Some(token) = server.first_token() {
        for line in first_token(&url, token) {
            say(&line);
        }
    }
    super::asked_to_stop().await;
    say("Stopping.");
    server.shutdown().await;
    Ok(Exit::Ok)
}

fn time_delta(length: Duration) -> Result<TimeDelta, Failure> {
    TimeDelta::from_std(length).map_err(|error| Failure::Usage(error.to_string()))
}

fn first_token(url: &str, token: &str) -> [String; 6] {
    [
        String::new(),
        "The first admin token, shown this once and kept nowhere:".to_owned(),
        format!("  {token}"),
        "Use it:".to_owned(),
        format!("  export CONCENTRIC_URL={url} CONCENTRIC_TOKEN={token}"),
        "  concentric tenant list".to_owned(),
    ]
}
