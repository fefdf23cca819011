//! An emulation of DynamoDB on loopback, for the tests and the development tools.
//!
//! The engine is a separate program because it takes longer to compile than all other crates; only
//! the tests that start it wait for it. The program prints the address of its control port, whose
//! protocol [`control`] describes. It exits when its standard input closes, and therefore together
//! with the process that started it, however that process ends.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this program prints its address, and why it fails"
)]

mod control;
mod operation;

use std::io;
use std::net::TcpListener;
use std::process::ExitCode;
use std::thread;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("dynamodb-engine: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?);
    thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            thread::spawn(move || {
                if let Err(error) = control::serve(connection) {
                    eprintln!("dynamodb-engine: {error}");
                }
            });
        }
    });
    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(())
}
