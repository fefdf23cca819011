use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

use super::*;

/// What a server does with each request.
#[derive(Debug, Clone, Copy)]
enum Server {
    /// Answers with these bytes, and closes the connection.
    Sends(&'static str),
    /// Answers the first two requests with the first bytes, and the others with the second ones.
    Recovers(&'static str, &'static str),
    /// Never responds.
    IsSilent,
    /// Sends the headers, and then a byte every 29 seconds.
    Drips,
    /// Sends more than any response of GitLab contains.
    NeverEnds,
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\
                  content-length: 2\r\n\r\n[]";
const CUT: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 10\r\n\r\n[";
const HUGE: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 104857601\r\n\r\n[";
const STREAM: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n[";
const BROKEN: &str = "HTTP/1.1 500 Oops\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
const LIMIT: &str =
    "HTTP/1.1 429 Too Many Requests\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

impl Server {
    async fn answer(self, request: usize, mut stream: TcpStream) -> std::io::Result<()> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await?);
        }
        match self {
            Self::Sends(bytes) => stream.write_all(bytes.as_bytes()).await,
            Self::Recovers(first, then) => {
                let bytes = if request < 2 { first } else { then };
                stream.write_all(bytes.as_bytes()).await
            }
            Self::IsSilent => stream.read_u8().await.map(drop),
            Self::Drips => {
                stream.write_all(STREAM.as_bytes()).await?;
                loop {
                    sleep(Duration::from_secs(29)).await;
                    stream.write_all(b" ").await?;
                }
            }
            Self::NeverEnds => {
                stream.write_all(STREAM.as_bytes()).await?;
                let blanks = vec![b' '; 1 << 20];
                loop {
                    stream.write_all(&blanks).await?;
                }
            }
        }
    }
}

/// The result of a request to the server: the body or the sentence, the number of requests that the
/// server got, and the seconds that it took.
async fn ask(server: Server) -> (Result<String, String>, usize, u64) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let request = counter.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(server.answer(request, stream));
        }
    });
    let address = Address::parse(&base).unwrap();
    let client = Client::new(address, None).unwrap();
    let url = client.address().endpoint(&["projects", "24"], &[]);
    let start = Instant::now();
    let answer = client.get(&url, "project 24").await;
    let seconds = start.elapsed().as_secs();
    let answer = match answer {
        Ok(answer) => Ok(String::from_utf8(answer.body).unwrap()),
        Err(Problem::Part(text) | Problem::TooLarge(text) | Problem::Whole(text)) => {
            Err(text.replace(&base, "BASE"))
        }
        Err(Problem::NotWritten(failure)) => Err(failure.sentence),
    };
    (answer, count.load(Ordering::Relaxed), seconds)
}

#[tokio::test(start_paused = true)]
async fn a_temporary_failure_is_retried() {
    let body = Ok("[]".to_owned());
    assert_eq!(ask(Server::Sends(OK)).await, (body.clone(), 1, 0));
    for failure in [BROKEN, CUT, LIMIT] {
        let server = Server::Recovers(failure, OK);
        assert_eq!(ask(server).await, (body.clone(), 3, 3), "{failure}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_fails_five_times_is_abandoned() {
    let problem = "BASE fails with HTTP 500: try again later";
    assert_eq!(
        ask(Server::Sends(BROKEN)).await,
        (Err(problem.to_owned()), 5, 15)
    );
    let problem = "the connection to BASE broke during the response for project 24 (end of file \
                   before message length reached): check the network";
    assert_eq!(
        ask(Server::Sends(CUT)).await,
        (Err(problem.to_owned()), 5, 15)
    );
    let problem = "BASE has a rate limit that lasts for more than an hour, or begins again after \
                   each wait: try again later";
    let (answer, requests, seconds) = ask(Server::Sends(LIMIT)).await;
    assert_eq!(
        (answer, requests, seconds),
        (Err(problem.to_owned()), 31, 1_503)
    );
}

#[tokio::test(start_paused = true)]
async fn a_silent_or_slow_response_is_abandoned() {
    let problem = "BASE does not respond for project 24 within 30 s, or does not finish within \
                   300 s: check the network and the instance";
    let silent = ask(Server::IsSilent).await;
    assert_eq!(silent, (Err(problem.to_owned()), 5, 5 * 30 + 15));
    let dripping = ask(Server::Drips).await;
    assert_eq!(dripping, (Err(problem.to_owned()), 5, 5 * 300 + 15));
}

#[tokio::test(start_paused = true)]
async fn a_response_above_100_mb_is_not_read() {
    let problem = "the response of BASE for project 24 is larger than 100 MB, so it is not \
                   GitLab's: check --from";
    assert_eq!(
        ask(Server::Sends(HUGE)).await,
        (Err(problem.to_owned()), 1, 0)
    );
    assert_eq!(
        ask(Server::NeverEnds).await,
        (Err(problem.to_owned()), 1, 0)
    );
}
