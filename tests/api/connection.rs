//! The way to DynamoDB over TLS: opened before the first request, kept for the next ones, and opened anew when it is dead.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::runtime_api::RuntimeApi;
use crate::support::{Event, LINKS, TABLE, seeded_engine};

/// TLS in front of the engine, with a certificate of the test's own authority.
struct Endpoint {
    url: String,
    authority: PathBuf,
    handshakes: Arc<AtomicUsize>,
    cut: broadcast::Sender<()>,
}

impl Endpoint {
    async fn start(engine: SocketAddr) -> Self {
        let authority = Path::new(env!("CARGO_TARGET_TMPDIR")).join("authority.pem");
        let acceptor = TlsAcceptor::from(Arc::new(certificate(&authority)));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let handshakes = Arc::new(AtomicUsize::new(0));
        let (cut, _) = broadcast::channel(1);
        tokio::spawn({
            let (handshakes, cut) = (Arc::clone(&handshakes), cut.clone());
            async move {
                while let Ok((client, _)) = listener.accept().await {
                    tokio::spawn(forward(acceptor.clone(), client, engine, Arc::clone(&handshakes), cut.subscribe()));
                }
            }
        });
        Self { url, authority, handshakes, cut }
    }

    fn handshakes(&self) -> usize {
        self.handshakes.load(Ordering::SeqCst)
    }
}

async fn forward(
    acceptor: TlsAcceptor,
    client: TcpStream,
    engine: SocketAddr,
    handshakes: Arc<AtomicUsize>,
    mut cut: broadcast::Receiver<()>,
) {
    let Ok(mut client) = acceptor.accept(client).await else { return };
    handshakes.fetch_add(1, Ordering::SeqCst);
    let mut engine = TcpStream::connect(engine).await.unwrap();
    tokio::select! {
        _ = copy_bidirectional(&mut client, &mut engine) => {}
        _ = cut.recv() => {}
    }
}

/// A server's settings with a certificate for localhost; its authority is written to the file.
fn certificate(authority_file: &Path) -> ServerConfig {
    let authority_key = KeyPair::generate().unwrap();
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    std::fs::write(authority_file, authority.self_signed(&authority_key).unwrap().pem()).unwrap();
    let issuer = Issuer::new(authority, authority_key);
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    let certificate = CertificateDer::from(certificate.der().to_vec());
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_connection_is_opened_before_the_first_request_and_serves_all_that_follow() {
    let endpoint = Endpoint::start(seeded_engine().await).await;
    let runtime_api = RuntimeApi::start().await;
    let authority = endpoint.authority.to_str().unwrap();
    let settings =
        [("TABLE_NAME", TABLE), ("AWS_ENDPOINT_URL_DYNAMODB", endpoint.url.as_str()), ("SSL_CERT_FILE", authority)];
    let _function = runtime_api.function(&settings);
    let answer = runtime_api.invoke(Event::new("OPTIONS", LINKS)).await;
    assert_eq!((answer["statusCode"].as_u64(), endpoint.handshakes()), (Some(204), 1), "opened by the warm-up");
    for n in 0..100 {
        let event = Event::new("POST", LINKS).form(&format!("name={n}&url=http://{n}"));
        assert_eq!(runtime_api.invoke(event).await["statusCode"], 201);
    }
    assert_eq!(endpoint.handshakes(), 1, "no request opens another");

    endpoint.cut.send(()).unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(runtime_api.invoke(Event::new("GET", LINKS)).await["statusCode"], 200, "a dead connection is replaced");
    assert_eq!(endpoint.handshakes(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_starts_though_dynamodb_is_out_of_reach_and_says_503() {
    let runtime_api = RuntimeApi::start().await;
    let settings = [("TABLE_NAME", TABLE), ("AWS_ENDPOINT_URL_DYNAMODB", "https://127.0.0.1:1")];
    let _function = runtime_api.function(&settings);
    let answer = runtime_api.invoke(Event::new("GET", LINKS)).await;
    assert_eq!(answer["statusCode"], 503);
}
