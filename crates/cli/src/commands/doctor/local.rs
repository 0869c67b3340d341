//! What stands on this machine.

use std::path::Path;

use url::{Host, Url};

use super::finding::Finding;
use crate::args::Global;
use crate::contexts;

pub(super) fn findings(global: &Global, base: &Url) -> Vec<Finding> {
    let mut all = vec![address(base)];
    let config = contexts::config_path().filter(|path| path.exists());
    all.extend(config.map(|path| private("configuration", &path)));
    let is_used = std::env::var_os("CONCENTRIC_TOKEN").is_none_or(|token| token.is_empty());
    let file = global.token_file.as_deref().filter(|_| is_used);
    all.extend(file.map(|path| private("token file", path)));
    all
}

fn private(name: &str, path: &Path) -> Finding {
    match contexts::read_by_others(path) {
        None => Finding::good(name, format!("{} is yours alone", path.display())),
        Some(_) => Finding::wrong(name, format!("others can read {}", path.display()))
            .because("Whoever reads a token can do what you can do.")
            .so(format!(
                "chmod 600 {}; make a new token if others use this machine",
                path.display()
            )),
    }
}

/// Whether what is sent can be read on the way.
fn address(base: &Url) -> Finding {
    let is_here = match base.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    if base.scheme() == "https" || is_here {
        return Finding::good("address", base.as_str());
    }
    Finding::wrong("address", format!("{base} is plain http over a network"))
        .because("The token and everything it is used for can be read and changed on the way.")
        .so("Put the server behind a proxy that speaks TLS, and use https.")
}

#[cfg(test)]
mod tests {
    use super::super::finding::State;
    use super::address;

    #[test]
    fn a_token_goes_over_a_network_only_within_tls() {
        let state = |url: &str| address(&url.parse().expect("a URL")).state;
        assert_eq!(state("http://127.0.0.1:8080"), State::Good);
        assert_eq!(state("http://[::1]:8080"), State::Good);
        assert_eq!(state("https://c.corp"), State::Good);
        assert_eq!(state("http://c.corp"), State::Wrong);
        assert_eq!(state("http://10.0.0.7:8080"), State::Wrong);
    }
}
