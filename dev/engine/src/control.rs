//! The control port, which speaks lines of JSON.
//!
//! Each connection opens a database. The first line names the file of the database, or `null` for one
//! in memory, which is deleted when the connection ends: `{"file": null}`. The answer is the address
//! of its DynamoDB API, `{"address": "127.0.0.1:8000"}`, or `{"error": "…"}`.
//!
//! Each further line is a call, `{"operation": "GetItem", "body": {…}}`, which is answered by
//! `{"status": 200, "body": {…}}`. A caller that blocks until the answer can make calls while the
//! clock of its runtime is paused, and calls from one thread run in the order of the thread. Besides
//! DynamoDB's operations there is `Import`, `{"TableName": "…", "Items": [{…}]}`, which is faster
//! than writes.

use std::io;
use std::net::{SocketAddr, TcpStream};

use dynoxide::Database;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpListener;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::runtime::Builder;

use crate::operation;

/// The first line of a connection.
#[derive(Deserialize)]
struct Opening {
    file: Option<String>,
}

/// The answer to it.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Opened {
    Address(SocketAddr),
    Error(String),
}

#[derive(Deserialize)]
struct Call<'a> {
    operation: String,
    #[serde(borrow)]
    body: &'a RawValue,
}

/// Serves the database of this connection until its end. The database has a runtime of its own, so
/// it answers while others are busy.
pub(crate) fn serve(connection: TcpStream) -> io::Result<()> {
    connection.set_nodelay(true)?;
    connection.set_nonblocking(true)?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let (input, output) = tokio::net::TcpStream::from_std(connection)?.into_split();
        Control {
            lines: BufReader::new(input).lines(),
            output,
        }
        .run()
        .await
    })
}

/// A connection to the control port.
struct Control {
    lines: Lines<BufReader<OwnedReadHalf>>,
    output: OwnedWriteHalf,
}

impl Control {
    async fn run(mut self) -> io::Result<()> {
        let Some(line) = self.lines.next_line().await? else {
            return Ok(());
        };
        let opening: Opening = serde_json::from_str(&line)?;
        let database = match opening.file {
            Some(file) => Database::new(&file),
            None => Database::memory(),
        };
        let database = match database {
            Ok(database) => database,
            Err(error) => return self.answer(&Opened::Error(error.to_string())).await,
        };
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        self.answer(&Opened::Address(listener.local_addr()?))
            .await?;
        tokio::select! {
            () = dynoxide::server::serve_on(listener, database.clone()) => Ok(()),
            ended = self.answer_calls(&database) => ended,
        }
    }

    async fn answer_calls(&mut self, database: &Database) -> io::Result<()> {
        while let Some(line) = self.lines.next_line().await? {
            let call: Call<'_> = serde_json::from_str(&line)?;
            let answer = operation::run(database, &call.operation, call.body)?;
            self.answer(&answer).await?;
        }
        Ok(())
    }

    async fn answer(&mut self, answer: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(answer)?;
        line.push(b'\n');
        self.output.write_all(&line).await
    }
}
