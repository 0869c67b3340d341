//! Small servers on loopback. Each lives as long as the test's runtime.

use std::sync::{Arc, Mutex, PoisonError};

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::{ServerConfig, SupportedProtocolVersion};

async fn listen() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    (listener, port)
}

/// Calls back for every connection.
async fn serve<F, W>(on_connection: F) -> u16
where
    F: Fn(TcpStream) -> W + Send + 'static,
    W: Future<Output = ()> + Send + 'static,
{
    let (listener, port) = listen().await;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(on_connection(stream));
        }
    });
    port
}

/// Speaks this version of TLS only, as `localhost`.
pub(crate) async fn tls(version: &'static SupportedProtocolVersion) -> u16 {
    let certificate = include_bytes!("certificates/localhost.pem");
    let key = include_bytes!("certificates/localhost.key.pem");
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(&[version])
        .expect("a version")
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_slice(certificate).expect("a certificate")],
            PrivateKeyDer::from_pem_slice(key).expect("a key"),
        )
        .expect("a certificate with its key");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    serve(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            if let Ok(mut session) = acceptor.accept(stream).await {
                let _ = session.read_u8().await;
            }
        }
    })
    .await
}

/// Listens to what comes first, says this, and waits for the end.
pub(crate) async fn saying(text: &'static [u8]) -> u16 {
    serve(move |mut stream| async move {
        let _ = stream.read_u8().await;
        let _ = stream.write_all(text).await;
        let _ = stream.read_to_end(&mut Vec::new()).await;
    })
    .await
}

/// Takes connections and never says a word.
pub(crate) async fn silent() -> u16 {
    serve(|mut stream| async move {
        let _ = stream.read_to_end(&mut Vec::new()).await;
    })
    .await
}

/// A port on which nobody listens.
pub(crate) async fn closed() -> u16 {
    listen().await.1
}

/// A proxy, and what it was asked for.
pub(crate) struct ConnectProxy {
    pub(crate) port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl ConnectProxy {
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Takes CONNECT, if need be only with this authorization.
pub(crate) async fn proxy(authorization: Option<&'static str>) -> ConnectProxy {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    let port = serve(move |stream| pass_on(stream, authorization, Arc::clone(&log))).await;
    ConnectProxy { port, asked }
}

async fn pass_on(
    stream: TcpStream,
    authorization: Option<&'static str>,
    asked: Arc<Mutex<Vec<String>>>,
) {
    let mut stream = BufReader::new(stream);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.expect("a line");
        if line.trim().is_empty() {
            break;
        }
        head.push(line.trim().to_owned());
    }
    let target = head[0].split(' ').nth(1).expect("a target").to_owned();
    asked.lock().unwrap_or_else(PoisonError::into_inner).push(target.clone());
    let expected = authorization.map(|value| format!("Proxy-Authorization: {value}"));
    let answer: &[u8] = if expected.is_some_and(|line| !head.contains(&line)) {
        b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"
    } else if let Ok(mut onward) = TcpStream::connect(&target).await {
        stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.expect("written");
        let _ = copy_bidirectional(&mut stream, &mut onward).await;
        return;
    } else {
        b"HTTP/1.1 502 Bad Gateway\r\n\r\n"
    };
    stream.write_all(answer).await.expect("written");
}
