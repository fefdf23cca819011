//! The databases of the DynamoDB engine, which is a process of its own: the program
//! `dynamodb-engine`. `dev/engine` describes its protocol.

use std::env;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The program's name.
const PROGRAM: &str = "dynamodb-engine";

/// The engine of this process, which starts with the first database and serves all of them. It ends
/// when its standard input is closed, and so with this process, even if this process is killed.
static ENGINE: OnceLock<Result<Engine, String>> = OnceLock::new();

struct Engine {
    control: SocketAddr,
    /// Its standard input stays open.
    _process: Child,
}

/// A database. It ends with its last clone.
#[derive(Debug, Clone)]
pub struct Database(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    address: SocketAddr,
    control: Mutex<BufReader<TcpStream>>,
}

/// The answer to a new connection.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Opened {
    Address(SocketAddr),
    Error(String),
}

#[derive(Serialize)]
struct Call<'a> {
    operation: &'a str,
    body: &'a Value,
}

/// The answer of DynamoDB.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Database {
    /// Creates a database in memory.
    ///
    /// # Panics
    ///
    /// With a message for the developer, if the engine cannot be started.
    #[must_use]
    pub fn memory() -> Self {
        Self::connect(None).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Opens the database in this file, or creates it.
    ///
    /// # Errors
    ///
    /// Fails with a message for the developer if the engine cannot be started or cannot read the
    /// file.
    pub fn open(file: &str) -> Result<Self, String> {
        Self::connect(Some(file))
    }

    fn connect(file: Option<&str>) -> Result<Self, String> {
        let engine = ENGINE.get_or_init(start).as_ref().map_err(Clone::clone)?;
        let explain = |error: io::Error| format!("the DynamoDB engine does not answer: {error}");
        let control = TcpStream::connect(engine.control).map_err(explain)?;
        control.set_nodelay(true).map_err(explain)?;
        let mut control = BufReader::new(control);
        match exchange(&mut control, &json!({"file": file})).map_err(explain)? {
            Opened::Error(error) => Err(error),
            Opened::Address(address) => Ok(Self(Arc::new(Inner {
                address,
                control: Mutex::new(control),
            }))),
        }
    }

    /// The address of its DynamoDB API, which it serves until this process ends.
    #[must_use]
    pub fn serve(self) -> SocketAddr {
        let address = self.0.address;
        std::mem::forget(self);
        address
    }

    /// Imports items in DynamoDB's JSON.
    ///
    /// # Panics
    ///
    /// If the engine refuses them.
    pub(crate) fn import(&self, table: &str, items: &[Value]) {
        let answer = self.call("Import", &json!({"TableName": table, "Items": items}));
        assert_eq!(answer.status, 200, "{}", answer.body);
    }

    /// Runs a call, and blocks the thread until its answer.
    ///
    /// # Panics
    ///
    /// If the engine does not know the operation or cannot read the call; it prints why.
    pub(crate) fn call(&self, operation: &str, body: &Value) -> Answer {
        let mut control = self.0.control.lock().unwrap();
        exchange(&mut control, &Call { operation, body })
            .unwrap_or_else(|error| panic!("the DynamoDB engine does not answer: {error}"))
    }
}

/// Sends a line, and reads one.
fn exchange<T: DeserializeOwned>(
    control: &mut BufReader<TcpStream>,
    request: &impl Serialize,
) -> io::Result<T> {
    let mut line = serde_json::to_string(request)?;
    line.push('\n');
    control.get_mut().write_all(line.as_bytes())?;
    line.clear();
    control.read_line(&mut line)?;
    Ok(serde_json::from_str(&line)?)
}

/// Starts the engine, in a process group of its own, so that Ctrl-C does not end it before this
/// process.
fn start() -> Result<Engine, String> {
    let program = program()?;
    let explain = |error: io::Error| format!("{} cannot be started: {error}", program.display());
    let mut process = Command::new(&program)
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(explain)?;
    let mut address = String::new();
    let output = process.stdout.as_mut().expect("the output is piped");
    BufReader::new(output.by_ref())
        .read_line(&mut address)
        .map_err(explain)?;
    let control = address.trim().parse();
    Ok(Engine {
        control: control.map_err(|_| format!("{} prints no address", program.display()))?,
        _process: process,
    })
}

/// The engine's program. Cargo puts programs into the folder of the profile, and tests into a folder
/// below it.
fn program() -> Result<PathBuf, String> {
    let this = env::current_exe().map_err(|error| error.to_string())?;
    let folders = this.ancestors().skip(1).take(2);
    let mut programs = folders.map(|folder| folder.join(PROGRAM));
    programs.find(|program| program.is_file()).ok_or_else(|| {
        format!(
            "the DynamoDB engine is not built yet: run `cargo build --workspace --bin {PROGRAM}` \
             first"
        )
    })
}
