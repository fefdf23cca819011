//! Runs programs as function processes, and measures their start and the instructions per request.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tokio::process::Child;

use testkit::runtime_api::RuntimeApi;

/// The service's release build.
pub const SERVICE: &str = "target/release/release-links";
/// `lambda_http` alone.
pub const HELLO: &str = "target/baselines/release/hello";
/// `lambda_http`, aws-config and the SDK with their default settings.
pub const SDK_DEFAULT: &str = "target/baselines/release/sdk-default";
/// A program that makes the service's DynamoDB calls and returns its responses, and nothing else.
pub const BARE: &str = "target/baselines/release/bare";

/// A program, and the environment variables that it needs besides Lambda's.
#[derive(Clone, Copy)]
pub struct Program<'a> {
    pub path: &'a str,
    pub settings: &'a [(&'a str, &'a str)],
}

/// The cost of a process until it polled for its first event.
pub struct Start {
    /// The processor time of all threads, in nanoseconds.
    pub cpu: f64,
    /// The peak resident memory, in KiB.
    pub peak_rss: f64,
}

impl Program<'_> {
    /// Starts a process, and kills it when it polls for an event.
    pub async fn start(self) -> Start {
        let api = RuntimeApi::start().await;
        let mut process = api
            .function(self.path, self.settings)
            .spawn()
            .unwrap_or_else(|error| missing(self.path, &error));
        api.wait_for_polls(1).await;
        let id = process.id().unwrap();
        let start = Start {
            cpu: cpu_time(id),
            peak_rss: peak_rss(id),
        };
        process.kill().await.unwrap();
        start
    }

    /// Starts a process under callgrind, ends it when it polls for an event, and writes a profile
    /// with the functions' mangled names.
    pub async fn profile_start(self, profile: &Path) {
        let api = RuntimeApi::start().await;
        let mut valgrind = api.function(valgrind(), self.settings);
        valgrind.args(["--tool=callgrind", "--demangle=no", "--compress-strings=no"]);
        valgrind.arg("--log-file=/dev/null");
        valgrind.arg(format!("--callgrind-out-file={}", profile.display()));
        let process = valgrind.arg(self.path).spawn().unwrap();
        api.wait_for_polls(1).await;
        terminate(process).await;
    }

    /// Counts the instructions of one more request in a warm process. `event` creates the requests.
    /// If `CALLGRIND_OUT` names a file, it receives callgrind's profile; callgrind replaces `%p` in
    /// the name with the process ID.
    pub async fn instructions(
        self,
        mut event: impl FnMut() -> Value,
        check: impl Fn(&Value),
    ) -> f64 {
        const FEW: usize = 20;
        const MANY: usize = 120;
        let mut collected = [0.0; 2];
        for (collected, requests) in collected.iter_mut().zip([FEW, MANY]) {
            let log =
                std::env::temp_dir().join(format!("bench-callgrind-{}.log", std::process::id()));
            let api = RuntimeApi::start().await;
            let mut valgrind = api.function(valgrind(), self.settings);
            let profile = std::env::var("CALLGRIND_OUT").unwrap_or_else(|_| "/dev/null".to_owned());
            valgrind.args([
                "--tool=callgrind".to_owned(),
                format!("--callgrind-out-file={profile}"),
            ]);
            valgrind
                .arg(format!("--log-file={}", log.display()))
                .arg(self.path);
            let process = valgrind.spawn().unwrap();
            for _ in 0..requests {
                check(&api.invoke(event()).await);
            }
            terminate(process).await;
            let text = fs::read_to_string(&log).unwrap();
            fs::remove_file(log).unwrap();
            *collected = instructions_in(&text);
        }
        (collected[1] - collected[0]) / (MANY - FEW) as f64
    }
}

fn missing(path: &str, error: &std::io::Error) -> ! {
    panic!("{path} cannot be started: {error}; `make bench` builds it")
}

/// Reads the scheduler's statistics, whose first number is the time on a processor.
fn cpu_time(process: u32) -> f64 {
    let threads = fs::read_dir(format!("/proc/{process}/task")).unwrap();
    let thread_time = |thread: fs::DirEntry| -> f64 {
        let text = fs::read_to_string(thread.path().join("schedstat")).unwrap();
        text.split_whitespace().next().unwrap().parse().unwrap()
    };
    threads.map(Result::unwrap).map(thread_time).sum()
}

fn peak_rss(process: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

fn valgrind() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .map(|folder| folder.join("valgrind"))
        .find(|file| file.exists());
    found.expect("valgrind is missing; install it with the system's package manager")
}

/// Sends SIGTERM and waits, so that callgrind still writes its counts.
async fn terminate(mut process: Child) {
    let id = process.id().unwrap().to_string();
    tokio::process::Command::new("kill")
        .args(["-TERM", &id])
        .status()
        .await
        .unwrap();
    process.wait().await.unwrap();
}

fn instructions_in(log: &str) -> f64 {
    let (_, count) = log
        .lines()
        .find_map(|line| line.split_once("Collected : "))
        .expect("callgrind counts instructions");
    count.trim().parse().unwrap()
}
