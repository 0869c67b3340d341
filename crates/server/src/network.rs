//! Trying the addresses that must be reachable, from where this server stands.

use domain::readiness::network::{Probed, Reached};
use msgraph::Url;
use network_probe::{Options, Proxy, Target, Tls, probe};

/// How addresses are tried.
#[derive(Debug, Clone, Default)]
pub(crate) struct Network {
    proxy: Option<Proxy>,
}

impl Network {
    /// Through an HTTP proxy, if there is one.
    pub(crate) fn through(proxy: Option<&Url>) -> Result<Self, String> {
        let proxy = proxy.map(Proxy::try_from).transpose().map_err(|error| error.to_string())?;
        Ok(Self { proxy })
    }

    pub(crate) async fn probe(&self) -> Vec<Probed> {
        let targets = Target::listed();
        match Tls::native() {
            Ok(tls) => {
                let mut options = Options::new(tls);
                options.proxy.clone_from(&self.proxy);
                probe(&targets, &options).await
            }
            Err(error) => targets
                .iter()
                .map(|target| Probed {
                    host: target.host.clone(),
                    reached: Reached::NoTls { why: error.to_string() },
                })
                .collect(),
        }
    }
}
