//! Starts cargo-lambda's emulator and the function processes behind it. `make run` and `make soak`
//! serve HTTP requests this way.

use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::process::{self, Stdio};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::process::{Child, Command};

const START_TIMEOUT: Duration = Duration::from_secs(30);

/// Reads an environment variable; an unset or empty one yields the default.
pub fn setting(name: &str, default: &str) -> String {
    std::env::var(name)
        .ok()
        .filter(|value| !value.is_empty())
        .unwrap_or_else(|| default.to_owned())
}

/// The program of the function: the one that `BOOTSTRAP` names, or else the one that was compiled here.
/// `make test-arm64` names one for another processor.
pub fn bootstrap(compiled: &str) -> String {
    setting("BOOTSTRAP", compiled)
}

/// A process group that ends with this process, even if this process is killed. The group's leader
/// reads its standard input, which reaches end-of-file when this process exits, and then kills the
/// group.
pub struct ProcessGroup {
    leader: process::Child,
}

impl ProcessGroup {
    /// Starts the group's leader.
    ///
    /// # Errors
    ///
    /// Fails with a message for the developer if `sh` cannot be started.
    pub fn start() -> Result<Self, String> {
        let mut leader = process::Command::new("sh");
        leader
            .args(["-c", "read -r _; kill -KILL 0"])
            .process_group(0)
            .stdin(Stdio::piped());
        let leader = leader
            .spawn()
            .map_err(|error| format!("sh cannot be started: {error}"))?;
        Ok(Self { leader })
    }

    fn id(&self) -> i32 {
        self.leader
            .id()
            .try_into()
            .expect("process IDs are positive 32-bit integers")
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        drop(self.leader.stdin.take());
        let _ = self.leader.wait();
    }
}

/// Starts the emulator on this loopback port, and waits until it accepts connections.
///
/// # Errors
///
/// Fails with a message for the developer if the emulator cannot be started or does not listen in
/// time.
pub async fn start_emulator(group: &ProcessGroup, port: u16) -> Result<Child, String> {
    let tool = setting("CARGO_LAMBDA", ".tools/cargo-lambda/bin/cargo-lambda");
    let emulator = Command::new(&tool)
        .args([
            "lambda",
            "watch",
            "--only-lambda-apis",
            "--disable-cors",
            "--quiet",
            "-A",
            "127.0.0.1",
            "-P",
        ])
        .arg(port.to_string())
        .process_group(group.id())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .map_err(|error| format!("{tool} cannot be started: {error}; `make tools` installs it"))?;
    let address: SocketAddr = ([127, 0, 0, 1], port).into();
    wait_until("the emulator listens", || async {
        TcpStream::connect(address).await.is_ok()
    })
    .await?;
    Ok(emulator)
}

/// Starts one function process, connected to the emulator on `port` and to the engine.
///
/// # Errors
///
/// Fails with a message for the developer if the program cannot be started.
pub fn start_function(
    group: &ProcessGroup,
    bootstrap: &str,
    port: u16,
    engine: SocketAddr,
    table: &str,
) -> Result<Child, String> {
    let environment = [
        (
            "AWS_LAMBDA_RUNTIME_API",
            format!("http://127.0.0.1:{port}/.rt"),
        ),
        ("AWS_LAMBDA_FUNCTION_NAME", "_".to_owned()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "1".to_owned()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256".to_owned()),
        ("AWS_ENDPOINT_URL_DYNAMODB", format!("http://{engine}")),
        ("AWS_ACCESS_KEY_ID", "local".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "local".to_owned()),
        ("AWS_REGION", "eu-central-1".to_owned()),
        ("TABLE_NAME", table.to_owned()),
        (
            "PUBLIC_URL",
            setting("PUBLIC_URL", &format!("http://127.0.0.1:{port}")),
        ),
        ("LOG_LEVEL", setting("LOG_LEVEL", "warn")),
    ];
    Command::new(bootstrap)
        .envs(environment)
        .process_group(group.id())
        .stdin(Stdio::null())
        .spawn()
        .map_err(|error| format!("{bootstrap} cannot be started: {error}; `cargo build` builds it"))
}

/// Polls until the condition holds. The error message is "timed out … waiting until" followed by
/// `description`.
///
/// # Errors
///
/// Fails with a message for the developer if the condition does not hold in time.
pub async fn wait_until<F: Future<Output = bool>>(
    description: &str,
    condition: impl Fn() -> F,
) -> Result<(), String> {
    let attempt = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let waited = tokio::time::timeout(START_TIMEOUT, attempt).await;
    waited.map_err(|_| {
        format!(
            "timed out after {} s waiting until {description}; see the output above",
            START_TIMEOUT.as_secs()
        )
    })
}
