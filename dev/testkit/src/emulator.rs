//! cargo-lambda's emulator with processes of the function behind it.

use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::process::{self, Stdio};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::process::{Child, Command};

const TIME_TO_START: Duration = Duration::from_secs(30);

/// A setting of the environment, where it is there and not empty.
pub fn setting(name: &str, default: &str) -> String {
    std::env::var(name)
        .ok()
        .filter(|value| !value.is_empty())
        .unwrap_or_else(|| default.to_owned())
}

/// A process group that ends together with this process, however it ends. The group's leader waits
/// for the end of its standard input, which comes when nobody is left to write to it, and then
/// kills the group.
pub struct ProcessGroup {
    leader: process::Child,
}

impl ProcessGroup {
    /// Starts the leader.
    ///
    /// # Errors
    ///
    /// One sentence for the developer.
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
            .expect("process ids are positive numbers of 32 bits")
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        drop(self.leader.stdin.take());
        let _ = self.leader.wait();
    }
}

/// Starts the emulator on this port of loopback, and waits until it listens.
///
/// # Errors
///
/// One sentence for the developer.
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

/// Starts a process of the function, which asks the emulator for requests and the engine for items.
///
/// # Errors
///
/// One sentence for the developer.
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
        ("PUBLIC_URL", format!("http://127.0.0.1:{port}")),
        ("LOG_LEVEL", setting("LOG_LEVEL", "warn")),
    ];
    Command::new(bootstrap)
        .envs(environment)
        .process_group(group.id())
        .stdin(Stdio::null())
        .spawn()
        .map_err(|error| format!("{bootstrap} cannot be started: {error}; `cargo build` makes it"))
}

/// Waits until something is so, which is said if it takes too long.
///
/// # Errors
///
/// One sentence for the developer.
pub async fn wait_until<F: Future<Output = bool>>(
    what: &str,
    is_so: impl Fn() -> F,
) -> Result<(), String> {
    let attempt = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let waited = tokio::time::timeout(TIME_TO_START, attempt).await;
    waited.map_err(|_| {
        format!(
            "it took more than {} s until {what}; see above for why",
            TIME_TO_START.as_secs()
        )
    })
}
