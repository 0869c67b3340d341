//! Checkpoints to a log server, as RFC 5424 over a local socket or UDP. What is sent may be lost on
//! the way; the file is the sink that is whole.

use std::io;
use std::net::UdpSocket;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::str::FromStr;

use audit::{Checkpoint, Line};
use chrono::SecondsFormat;

/// Facility 13 (log audit), severity 6 (informational): RFC 5424, 6.2.1.
const PRIORITY: u8 = 13 * 8 + 6;

/// Where to: `unix:/dev/log` or `udp:logs.corp:514`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Syslog {
    Unix(PathBuf),
    /// Host and port.
    Udp(String),
}

impl FromStr for Syslog {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("unix", path)) if path.starts_with('/') => Ok(Self::Unix(path.into())),
            Some(("udp", to))
                if to.rsplit_once(':').is_some_and(|(host, port)| {
                    !host.is_empty() && port.parse::<u16>().is_ok()
                }) =>
            {
                Ok(Self::Udp(to.to_owned()))
            }
            Some(_) | None => Err("unix:/PATH or udp:HOST:PORT is right".to_owned()),
        }
    }
}

impl Syslog {
    pub(super) fn send(&self, checkpoints: &[Checkpoint]) -> io::Result<()> {
        match self {
            Self::Unix(path) => {
                let socket = UnixDatagram::unbound()?;
                socket.connect(path)?;
                checkpoints.iter().try_for_each(|one| socket.send(&message(one)).map(drop))
            }
            Self::Udp(to) => {
                let any = if to.starts_with('[') { "[::]:0" } else { "0.0.0.0:0" };
                let socket = UdpSocket::bind(any)?;
                socket.connect(to)?;
                checkpoints.iter().try_for_each(|one| socket.send(&message(one)).map(drop))
            }
        }
    }
}

fn message(checkpoint: &Checkpoint) -> Vec<u8> {
    let at = checkpoint.at.to_rfc3339_opts(SecondsFormat::Micros, true);
    let (process, line) = (std::process::id(), Line::Checkpoint(*checkpoint));
    format!("<{PRIORITY}>1 {at} - concentric {process} checkpoint - {line}").into_bytes()
}

#[cfg(test)]
mod tests {
    use audit::{Outside, START, Signer, Statement, Trust};
    use chrono::DateTime;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn what_arrives_can_be_verified() {
        let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
        let to: Syslog = format!("udp:{}", receiver.local_addr().unwrap()).parse().unwrap();
        let signer = Signer::from_seed(&[7; 32]).unwrap();
        let (tenant, at) = (Uuid::from_u128(1), DateTime::UNIX_EPOCH);
        let statement = Statement { tenant, previous: 0, seq: 5, hash: START, at };
        to.send(&[signer.sign(statement).unwrap()]).unwrap();
        let mut buffer = [0; 2_048];
        let length = receiver.recv(&mut buffer).unwrap();
        let text = std::str::from_utf8(&buffer[..length]).unwrap();
        assert!(text.starts_with("<110>1 1970-01-01T00:00:00.000000Z - concentric "), "{text}");
        let mut outside = Outside::default();
        outside.line(text, &Trust::Keys(vec![signer.public()])).unwrap();
        assert_eq!(outside.reached().get(&tenant), Some(&5));
    }

    #[test]
    fn addresses_are_checked() {
        for bad in ["/dev/log", "unix:dev", "udp:host", "udp::514", "tcp:host:514", "udp:host:x"] {
            assert!(bad.parse::<Syslog>().is_err(), "{bad}");
        }
        assert_eq!("unix:/dev/log".parse(), Ok(Syslog::Unix("/dev/log".into())));
        assert_eq!("udp:[::1]:514".parse(), Ok(Syslog::Udp("[::1]:514".to_owned())));
    }
}
