//! `make run`: runs the service locally with everything it needs.
//!
//! The program starts a DynamoDB engine, creates the table from `template.yaml`,
//! seeds the data that the documented requests expect, and starts cargo-lambda's emulator with the
//! function behind it. When the function responds, the program prints the requests to try. Ctrl-C
//! stops everything, and so does any other end of this process or of its parent.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this program prints to a terminal"
)]

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::process::parent_id;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use release_links::store::operator::Operator;
use testkit::database::Database;
use testkit::{emulator, engine, seed};
use tokio::net::TcpStream;
use tokio::signal::unix::{SignalKind, signal};

const TABLE: &str = "release-links";
/// The default number of function processes. Each handles one request at a time.
const DEFAULT_FUNCTIONS: &str = "4";

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("make run: {message}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), String> {
    let shutdown = shutdown_signal()?;
    tokio::select! {
        () = shutdown => Ok(()),
        result = serve() => result,
    }
}

/// Serves until one of the processes exits. Dropping the future stops all of them.
async fn serve() -> Result<(), String> {
    let port = emulator::setting("PORT", "9000").parse::<u16>();
    let port = port.map_err(|_| "PORT must be a number from 0 to 65535".to_owned())?;
    let state = PathBuf::from(emulator::setting("STATE", ".local/dynamodb.sqlite"));
    // Declared first, so that it is dropped last: all processes end before the state is unlocked.
    let _lock = lock_state(&state, port)?;
    if std::net::TcpListener::bind(("127.0.0.1", port)).is_err() {
        return Err(format!(
            "port {port} is in use; end what uses it, or choose another with `make run PORT=9001`"
        ));
    }
    let engine = start_seeded_engine(&state).await?;
    let group = emulator::ProcessGroup::start()?;
    let mut children = vec![emulator::start_emulator(&group, port).await?];
    let bootstrap = emulator::bootstrap("target/debug/release-links");
    let functions = emulator::setting("FUNCTIONS", DEFAULT_FUNCTIONS).parse();
    for _ in 0..functions.map_err(|_| "FUNCTIONS must be a number")? {
        children.push(emulator::start_function(
            &group, &bootstrap, port, engine, TABLE,
        )?);
    }
    let emulator = ([127, 0, 0, 1], port).into();
    emulator::wait_until("the function responds", || list_responds(emulator)).await?;
    print_welcome(port, engine);
    while children
        .iter_mut()
        .all(|child| matches!(child.try_wait(), Ok(None)))
    {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    Err("one of the processes exited; see the output above".to_owned())
}

/// Locks the state, so that no second service opens it, or removes it with `FRESH=1`. The lock
/// file names the port. The operating system unlocks it when this process ends, however it ends.
fn lock_state(state: &Path, port: u16) -> Result<File, String> {
    let path = PathBuf::from(format!("{}.lock", state.display()));
    let explain = |error| {
        format!(
            "cannot lock the state with {}: {error}; choose another state with `make run STATE=…`",
            path.display()
        )
    };
    std::fs::create_dir_all(state.parent().unwrap_or(Path::new("."))).map_err(explain)?;
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    let mut lock = options.open(&path).map_err(explain)?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(explain_lock(state, &path, port)),
        Err(TryLockError::Error(error)) => return Err(explain(error)),
    }
    lock.set_len(0).map_err(explain)?;
    write!(lock, "{port}").map_err(explain)?;
    Ok(lock)
}

/// Says which service uses the state, and how to start another one beside it.
fn explain_lock(state: &Path, lock: &Path, port: u16) -> String {
    let locked_by = std::fs::read_to_string(lock).unwrap_or_default();
    let (user, free) = match locked_by.parse::<u16>() {
        Ok(used) => {
            let free = if used == port {
                used.wrapping_add(1)
            } else {
                port
            };
            (format!("the service on port {used}"), free)
        }
        Err(_) => ("another service".to_owned(), port),
    };
    format!(
        "the state in {} is in use by {user}; end that service, or start another one beside it \
         with `make run PORT={free} STATE=.local/{free}.sqlite`",
        state.display()
    )
}

async fn start_seeded_engine(state: &Path) -> Result<SocketAddr, String> {
    let engine = start_engine(state)?;
    let client = engine::client(engine);
    engine::create_table(&client, TABLE).await?;
    if has_old_items(engine).await? {
        return Err(format!(
            "the state in {} was written by an earlier version of this service, whose items it no \
             longer reads: `make run FRESH=1` starts again with only the seeded data",
            state.display()
        ));
    }
    let operator = Operator::new(engine::client_config(engine), TABLE.to_owned());
    seed::seed(&operator, &client, TABLE)
        .await
        .map_err(|error| {
            format!(
                "cannot seed the documented project: {error}; `make run FRESH=1` resets the state"
            )
        })?;
    Ok(engine)
}

/// Whether an earlier version of the service wrote to the table. Its releases, links, projects and
/// tokens have the attribute `revision`, which no item has now.
async fn has_old_items(engine: SocketAddr) -> Result<bool, String> {
    let client = engine::client(engine);
    let scan = client.scan().table_name(TABLE);
    let scan = scan.filter_expression("attribute_exists(revision)").send();
    let error = |error: String| format!("cannot read the state: {error}");
    let found = scan.await.map_err(|cause| error(cause.to_string()))?;
    Ok(found.count() > 0)
}

fn start_engine(state: &Path) -> Result<SocketAddr, String> {
    let explain = |error: String| {
        format!(
            "cannot use the state in {}: {error}; `make run FRESH=1` resets it",
            state.display()
        )
    };
    if std::env::var("FRESH").is_ok_and(|fresh| fresh == "1") {
        for suffix in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{suffix}", state.display()));
        }
    }
    let path = state
        .to_str()
        .ok_or_else(|| explain("its path is not UTF-8".to_owned()))?;
    Database::open(path).map(Database::serve).map_err(explain)
}

/// Whether the seeded list is returned through the emulator. The request also warms up the function
/// before the first client's request.
async fn list_responds(emulator: SocketAddr) -> bool {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let attempt = async {
        let mut stream = TcpStream::connect(emulator).await?;
        let request = format!(
            "GET /api/v4/projects/24/releases/v0.1/assets/links HTTP/1.1\r\n\
             Host: {emulator}\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut response = String::new();
        stream.read_to_string(&mut response).await?;
        Ok::<_, std::io::Error>(response.starts_with("HTTP/1.1 200"))
    };
    tokio::time::timeout(Duration::from_secs(5), attempt)
        .await
        .is_ok_and(|result| result.unwrap_or(false))
}

fn print_welcome(port: u16, engine: SocketAddr) {
    let links = format!("http://127.0.0.1:{port}/api/v4/projects/24/releases/v0.1/assets/links");
    let token = format!(r#"--header "PRIVATE-TOKEN: {}""#, seed::TOKEN);
    let url = r#"--data url="http://192.168.10.15:3000""#;
    println!(
        "release-links is ready. Open http://127.0.0.1:{port}/group/app/-/releases/v0.1 in a browser, or \
         try the documented requests, in this order:\n"
    );
    println!(r#"curl --request POST {token} --data name="awesome-v0.2.dmg" {url} "{links}""#);
    println!(r#"curl {token} "{links}""#);
    println!(r#"curl {token} "{links}/1""#);
    println!(r#"curl --request PUT --data name="new name" {token} "{links}/1""#);
    println!(r#"curl --request DELETE {token} "{links}/1""#);
    println!("\nThe description of the API: http://127.0.0.1:{port}/api/v4/openapi.json");
    println!("\nTo manage projects and tokens, use another terminal:\n");
    println!(
        "AWS_ENDPOINT_URL_DYNAMODB=http://{engine} AWS_REGION=eu-central-1 AWS_ACCESS_KEY_ID=local \
         AWS_SECRET_ACCESS_KEY=local TABLE_NAME={TABLE} target/debug/release-links-admin \
         token list"
    );
    println!("\nCtrl-C stops the service.");
}

/// Waits for a reason to stop: Ctrl-C, SIGTERM, a closed terminal, or the end of the parent
/// process, such as make.
fn shutdown_signal() -> Result<impl Future<Output = ()>, String> {
    let parent = parent_id();
    let listen = |kind| signal(kind).map_err(|error| format!("cannot receive signals: {error}"));
    let [mut interrupt, mut terminate, mut hangup] = [
        listen(SignalKind::interrupt())?,
        listen(SignalKind::terminate())?,
        listen(SignalKind::hangup())?,
    ];
    Ok(async move {
        let orphaned = async {
            while parent_id() == parent {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
            () = orphaned => {}
        }
    })
}
