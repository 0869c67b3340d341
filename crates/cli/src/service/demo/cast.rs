//! Who takes part in a demo: the simulated tenant, and the service that steers it.

use server::{Clock, Config as ServerConfig, Server};
use simulator::{Config, Simulator};
use url::Url;

use super::Demo;
use super::home::Home;
use crate::client::Client;
use crate::failure::Failure;

#[derive(Debug)]
pub(crate) struct Cast {
    pub(crate) simulator: Simulator,
    pub(crate) client: Client,
    server: Server,
}

impl Cast {
    pub(crate) async fn start(demo: &Demo, home: &Home) -> Result<Self, Failure> {
        let config = Config {
            devices: demo.devices,
            speed: demo.speed,
            scenario: demo.scenario,
            ..Config::default()
        };
        // Both sides read one clock, or devices would check in before they were asked to.
        let clock = Clock::accelerated(config.start, config.anchor, config.speed);
        let simulator = Simulator::start(config)
            .await
            .map_err(|error| Failure::Failed(format!("cannot start the simulator: {error}")))?;
        let mut config = ServerConfig::embedded(home.path().to_owned()).accelerated(clock);
        config.listen = demo.listen();
        config.demo = true;
        let server =
            Server::start(config).await.map_err(|error| Failure::Failed(error.to_string()))?;
        let token = server
            .first_token()
            .ok_or_else(|| Failure::Failed("the new service made no first token".to_owned()))?;
        home.keep_token(token)?;
        let client = Client::new(base(&server)?, Some(token.to_owned()))?;
        Ok(Self { simulator, client, server })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// What signs a browser in, once.
    pub(crate) fn link(&self) -> Option<&str> {
        self.server.demo_link()
    }

    pub(crate) async fn end(self) {
        self.server.shutdown().await;
        self.simulator.shutdown().await;
    }
}

fn base(server: &Server) -> Result<Url, Failure> {
    Url::parse(&format!("http://{}", server.address()))
        .map_err(|error| Failure::Failed(error.to_string()))
}
