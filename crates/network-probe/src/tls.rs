//! The handshake: who is trusted, and which version came of it.
//!
//! Never offers less than TLS 1.2. Only hosts whose authority is unknown outside Windows are taken
//! without checking their certificate, and nothing is ever sent to them.

use std::sync::Arc;

use domain::readiness::network::Trust;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::{
    CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature,
};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    ClientConfig, DigitallySignedStruct, Error, ProtocolVersion, RootCertStore, SignatureScheme,
};

/// What handshakes are made with.
#[derive(Clone)]
pub struct Tls {
    checked: TlsConnector,
    unchecked: TlsConnector,
}

#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The system holds no authority to trust, so no certificate could be checked.
    #[error("this system trusts no certificate authority")]
    NoRoots,
    #[error("TLS is not to be had: {0}")]
    Library(#[from] Error),
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

impl Tls {
    /// Trusts what this system trusts.
    pub fn native() -> Result<Self, TlsError> {
        // Single files that cannot be read are passed over, as every other program does.
        Self::trusting(rustls_native_certs::load_native_certs().certs)
    }

    /// Trusts these authorities only.
    pub fn trusting(
        authorities: impl IntoIterator<Item = CertificateDer<'static>>,
    ) -> Result<Self, TlsError> {
        let mut roots = RootCertStore::empty();
        let (added, _) = roots.add_parsable_certificates(authorities);
        if added == 0 {
            return Err(TlsError::NoRoots);
        }
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = || {
            ClientConfig::builder_with_provider(Arc::clone(&provider))
                .with_safe_default_protocol_versions()
        };
        let checked = builder()?.with_root_certificates(roots).with_no_client_auth();
        let anyone = Arc::new(Anyone(Arc::clone(&provider)));
        let unchecked =
            builder()?.dangerous().with_custom_certificate_verifier(anyone).with_no_client_auth();
        Ok(Self {
            checked: TlsConnector::from(Arc::new(checked)),
            unchecked: TlsConnector::from(Arc::new(unchecked)),
        })
    }

    /// The version that was agreed on, or why there is none.
    pub(crate) async fn handshake(
        &self,
        host: &str,
        trust: Trust,
        stream: TcpStream,
    ) -> Result<&'static str, String> {
        let connector = match trust {
            Trust::Public => &self.checked,
            Trust::WindowsOnly => &self.unchecked,
        };
        let name = ServerName::try_from(host.to_owned()).map_err(|error| error.to_string())?;
        let session = connector.connect(name, stream).await.map_err(|error| error.to_string())?;
        let (_, connection) = session.get_ref();
        version(connection.protocol_version())
    }
}

fn version(version: Option<ProtocolVersion>) -> Result<&'static str, String> {
    if version == Some(ProtocolVersion::TLSv1_2) {
        Ok("1.2")
    } else if version == Some(ProtocolVersion::TLSv1_3) {
        Ok("1.3")
    } else {
        Err(format!("a session of another version: {version:?}"))
    }
}

/// Takes any certificate, as long as its owner made the handshake.
#[derive(Debug)]
struct Anyone(Arc<CryptoProvider>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
