//! The TLS connection to DynamoDB: opened before the first request, reused, and replaced when it is
//! dead.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use release_links::aws::{RootStore, https_client};
use release_links::store::Store;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use testkit::app::{LINKS, TABLE, TestApp, seeded_engine};
use testkit::emulator::bootstrap;
use testkit::engine;
use testkit::event::Event;
use testkit::log::Log;
use testkit::runtime_api::RuntimeApi;

/// A TLS endpoint in front of the engine, with a certificate from a test certificate authority.
struct Endpoint {
    url: String,
    authority: PathBuf,
    connections: Arc<AtomicUsize>,
    handshakes: Arc<AtomicUsize>,
    cut: broadcast::Sender<()>,
}

impl Endpoint {
    async fn start(engine: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let authority =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("authority-{port}.pem"));
        let acceptor = TlsAcceptor::from(Arc::new(server_config(&authority)));
        let [connections, handshakes] = [(); 2].map(|()| Arc::new(AtomicUsize::new(0)));
        let (cut, _) = broadcast::channel(1);
        tokio::spawn({
            let (connections, handshakes, cut) = (
                Arc::clone(&connections),
                Arc::clone(&handshakes),
                cut.clone(),
            );
            async move {
                while let Ok((client, _)) = listener.accept().await {
                    connections.fetch_add(1, Ordering::SeqCst);
                    tokio::spawn(forward(
                        acceptor.clone(),
                        client,
                        engine,
                        Arc::clone(&handshakes),
                        cut.subscribe(),
                    ));
                }
            }
        });
        Self {
            url: format!("https://localhost:{port}"),
            authority,
            connections,
            handshakes,
            cut,
        }
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
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
    let Ok(mut client) = acceptor.accept(client).await else {
        return;
    };
    handshakes.fetch_add(1, Ordering::SeqCst);
    let mut engine = TcpStream::connect(engine).await.unwrap();
    tokio::select! {
        _ = copy_bidirectional(&mut client, &mut engine) => {}
        _ = cut.recv() => {}
    }
}

/// A server configuration with a certificate for localhost. Writes the authority's certificate to
/// the file.
fn server_config(authority_file: &Path) -> ServerConfig {
    let authority_key = KeyPair::generate().unwrap();
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    std::fs::write(
        authority_file,
        authority.self_signed(&authority_key).unwrap().pem(),
    )
    .unwrap();
    let issuer = Issuer::new(authority, authority_key);
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".to_owned()])
        .unwrap()
        .signed_by(&key, &issuer)
        .unwrap();
    let certificate = CertificateDer::from(certificate.der().to_vec());
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_connection_opened_at_startup_serves_all_requests() {
    let endpoint = Endpoint::start(seeded_engine().await).await;
    let runtime_api = RuntimeApi::start().await;
    let authority = endpoint.authority.to_str().unwrap();
    let settings = [
        ("TABLE_NAME", TABLE),
        ("AWS_ENDPOINT_URL_DYNAMODB", endpoint.url.as_str()),
        ("SSL_CERT_FILE", authority),
    ];
    let _function = runtime_api
        .function(bootstrap(env!("CARGO_BIN_EXE_release-links")), &settings)
        .spawn()
        .unwrap();
    let response = runtime_api.invoke(Event::new("OPTIONS", LINKS)).await;
    assert_eq!(
        (response["statusCode"].as_u64(), endpoint.handshakes()),
        (Some(204), 1),
        "the warm-up opens the connection"
    );
    for n in 0..100 {
        let event = Event::new("POST", LINKS).form(&format!("name={n}&url=http://{n}"));
        assert_eq!(runtime_api.invoke(event).await["statusCode"], 201);
    }
    assert_eq!(
        (endpoint.connections(), endpoint.handshakes()),
        (1, 1),
        "no request opens another connection"
    );

    endpoint.cut.send(()).unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(
        runtime_api.invoke(Event::new("GET", LINKS)).await["statusCode"],
        200,
        "a dead connection is replaced"
    );
    assert_eq!(endpoint.handshakes(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_warm_up_the_first_request_opens_the_connection() {
    let endpoint = Endpoint::start(seeded_engine().await).await;
    let runtime_api = RuntimeApi::start().await;
    let settings = [
        ("TABLE_NAME", TABLE),
        ("AWS_ENDPOINT_URL_DYNAMODB", endpoint.url.as_str()),
        ("SSL_CERT_FILE", endpoint.authority.to_str().unwrap()),
        ("WARM_UP_SECONDS", "0"),
    ];
    let _function = runtime_api
        .function(bootstrap(env!("CARGO_BIN_EXE_release-links")), &settings)
        .spawn()
        .unwrap();
    assert_eq!(
        runtime_api.invoke(Event::new("OPTIONS", LINKS)).await["statusCode"],
        204
    );
    assert_eq!(endpoint.connections(), 0);
    assert_eq!(
        runtime_api.invoke(Event::new("GET", LINKS)).await["statusCode"],
        200
    );
    assert_eq!((endpoint.connections(), endpoint.handshakes()), (1, 1));
}

#[tokio::test]
async fn a_certificate_outside_the_root_store_is_rejected_with_a_hint_in_the_log() {
    let log = Log::capture();
    let engine = seeded_engine().await;
    let endpoint = Endpoint::start(engine).await;
    let sdk = engine::client_config(engine).endpoint_url(&endpoint.url);
    let sdk = sdk.http_client(https_client(RootStore::Amazon));
    let app = TestApp::builder(engine)
        .store(Store::new(sdk, TABLE.to_owned()))
        .start();
    let reply = app.get(LINKS).await;
    assert_eq!((reply.status, endpoint.handshakes()), (503, 0));
    assert!(endpoint.connections() > 0);
    assert!(
        log.text()
            .contains("set SSL_CERT_FILE to the root certificates"),
        "{}",
        log.text()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_from_another_authority_is_rejected() {
    let engine = seeded_engine().await;
    let (endpoint, other) = (Endpoint::start(engine).await, Endpoint::start(engine).await);
    let runtime_api = RuntimeApi::start().await;
    let settings = [
        ("TABLE_NAME", TABLE),
        ("AWS_ENDPOINT_URL_DYNAMODB", endpoint.url.as_str()),
        ("SSL_CERT_FILE", other.authority.to_str().unwrap()),
    ];
    let program = bootstrap(env!("CARGO_BIN_EXE_release-links"));
    let _function = runtime_api.function(program, &settings).spawn().unwrap();
    let response = runtime_api.invoke(Event::new("GET", LINKS)).await;
    assert_eq!(
        (response["statusCode"].as_u64(), endpoint.handshakes()),
        (Some(503), 0)
    );
}

/// Guards against a foreign or corrupted certificate in the file.
#[test]
fn the_five_built_in_roots_are_in_mozillas_root_store() {
    let built_in: Vec<CertificateDer<'_>> =
        CertificateDer::pem_slice_iter(include_bytes!("../../src/aws/amazon-roots.pem"))
            .map(Result::unwrap)
            .collect();
    assert_eq!(built_in.len(), 5);
    assert!(
        built_in
            .iter()
            .all(|root| webpki_root_certs::TLS_SERVER_ROOT_CERTS.contains(root))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_started_without_dynamodb_returns_503() {
    let runtime_api = RuntimeApi::start().await;
    let settings = [
        ("TABLE_NAME", TABLE),
        ("AWS_ENDPOINT_URL_DYNAMODB", "https://127.0.0.1:1"),
    ];
    let _function = runtime_api
        .function(bootstrap(env!("CARGO_BIN_EXE_release-links")), &settings)
        .spawn()
        .unwrap();
    let response = runtime_api.invoke(Event::new("GET", LINKS)).await;
    assert_eq!(response["statusCode"], 503);
}
