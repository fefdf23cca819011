//! A server that fails in every way, and counts its requests.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// The content of each file.
pub const FILE: &str = "the file\n";
/// Length of a body that nobody reads to the end.
const HUGE: u64 = 1 << 40;

/// The server.
#[derive(Clone)]
pub struct Server {
    pub port: u16,
    state: Arc<Mutex<State>>,
    /// The number of answers to `/held` that may be sent.
    released: Arc<Semaphore>,
}

#[derive(Default)]
struct State {
    /// Method and path of each request, with ` 0-0` after them if it asks for the first byte.
    requests: Vec<String>,
    /// The number of requests that are being answered, of each host and of all, and the maxima.
    running: HashMap<String, usize>,
    most: HashMap<String, usize>,
    /// The number of bytes of huge bodies that were sent.
    sent: u64,
    /// How long each answer takes.
    delay: Duration,
}

/// A request.
struct Asked {
    method: String,
    path: String,
    host: String,
    has_range: bool,
}

impl Server {
    /// Starts a server on these addresses, all with the same port.
    pub async fn start_on(hosts: impl IntoIterator<Item = Ipv4Addr>) -> Self {
        let mut server = Self {
            port: 0,
            state: Arc::default(),
            released: Arc::new(Semaphore::new(0)),
        };
        for host in hosts {
            let address = SocketAddr::new(IpAddr::V4(host), server.port);
            let listener = TcpListener::bind(address).await.unwrap();
            server.port = listener.local_addr().unwrap().port();
            let server = server.clone();
            tokio::spawn(async move {
                while let Ok((connection, _)) = listener.accept().await {
                    let server = server.clone();
                    tokio::spawn(async move { server.serve(connection).await });
                }
            });
        }
        server
    }

    /// Starts a server on the loopback address.
    pub async fn start() -> Self {
        Self::start_on([Ipv4Addr::LOCALHOST]).await
    }

    /// The URL of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// The text with the same port in every run.
    pub fn without_port(&self, text: &str) -> String {
        text.replace(&format!(":{}", self.port), ":12345")
    }

    /// The requests since the last call, in alphabetical order.
    pub fn take_requests(&self) -> Vec<String> {
        let mut requests = std::mem::take(&mut self.state.lock().unwrap().requests);
        requests.sort();
        requests
    }

    /// The largest number of requests at the same time: to one host, and in all.
    pub fn most(&self) -> (usize, usize) {
        let state = self.state.lock().unwrap();
        let hosts = state.most.iter().filter(|(host, _)| !host.is_empty());
        (hosts.map(|(_, most)| *most).max().unwrap(), state.most[""])
    }

    /// The number of bytes of huge bodies that were sent.
    pub fn sent(&self) -> u64 {
        self.state.lock().unwrap().sent
    }

    /// Waits until something asks for a path.
    pub async fn asked(&self, path: &str) {
        let has_path = |request: &String| request.split(' ').nth(1) == Some(path);
        self.wait(|requests| requests.iter().any(has_path)).await;
    }

    /// Waits until there were this many requests since they were taken.
    pub async fn asked_times(&self, count: usize) {
        self.wait(|requests| requests.len() >= count).await;
    }

    /// Waits until the requests since they were taken fulfil the condition, but not for ever.
    async fn wait(&self, condition: impl Fn(&[String]) -> bool) {
        let asked = async {
            while !condition(&self.state.lock().unwrap().requests) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let asked = tokio::time::timeout(Duration::from_secs(60), asked).await;
        asked.expect("the requests come in time");
    }

    /// Sends this many answers to `/held`.
    pub fn release(&self, answers: usize) {
        self.released.add_permits(answers);
    }

    /// Takes this long for each answer.
    pub fn set_delay(&self, delay: Duration) {
        self.state.lock().unwrap().delay = delay;
    }

    async fn serve(&self, mut connection: TcpStream) {
        while let Some(asked) = read(&mut connection).await {
            let delay = self.begin(&asked);
            tokio::time::sleep(delay).await;
            self.end(&asked);
            if !self.answer(&asked, &mut connection).await {
                return;
            }
        }
    }

    /// Counts a request, and returns how long its answer takes.
    fn begin(&self, asked: &Asked) -> Duration {
        let mut state = self.state.lock().unwrap();
        let range = if asked.has_range { " 0-0" } else { "" };
        let request = format!("{} {}{range}", asked.method, asked.path);
        state.requests.push(request);
        for name in [asked.host.clone(), String::new()] {
            let running = state.running.entry(name.clone()).or_default();
            *running += 1;
            let running = *running;
            let most = state.most.entry(name).or_default();
            *most = running.max(*most);
        }
        state.delay
    }

    /// Counts a request that is about to be answered, so that the next one cannot come before.
    fn end(&self, asked: &Asked) {
        let mut state = self.state.lock().unwrap();
        for name in [asked.host.as_str(), ""] {
            *state.running.get_mut(name).unwrap() -= 1;
        }
    }

    /// How often this was requested, including this time.
    fn times(&self, asked: &Asked) -> usize {
        let state = self.state.lock().unwrap();
        let same = |request: &&String| request.split(' ').nth(1) == Some(asked.path.as_str());
        state.requests.iter().filter(same).count()
    }

    /// Answers, and returns whether the connection stays open.
    async fn answer(&self, asked: &Asked, connection: &mut TcpStream) -> bool {
        let is_head = asked.method == "HEAD";
        let (kind, rest) = asked.path[1..]
            .split_once('/')
            .unwrap_or((&asked.path[1..], ""));
        let text = match kind {
            "silent" => {
                tokio::time::sleep(Duration::from_secs(60)).await;
                return false;
            }
            "reset" => {
                // Without this, the connection would end in the regular way.
                connection.set_zero_linger().unwrap();
                return false;
            }
            "close" => return false,
            "held" => {
                self.released.acquire().await.unwrap().forget();
                response("200 OK", "", FILE, is_head)
            }
            "garbage" => "SSH-2.0-OpenSSH_9.2\r\n\r\n".to_owned(),
            "cut" => {
                let text = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf";
                let _ = connection.write_all(text.as_bytes()).await;
                return false;
            }
            "stalled" => {
                let text = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf";
                let _ = connection.write_all(text.as_bytes()).await;
                tokio::time::sleep(Duration::from_secs(60)).await;
                return false;
            }
            "endless" => return self.send_endlessly(is_head, connection).await,
            "until-close" => {
                let _ = connection
                    .write_all(format!("HTTP/1.1 200 OK\r\n\r\n{FILE}").as_bytes())
                    .await;
                return false;
            }
            "limited" if self.times(asked) > 1 => response("200 OK", "", FILE, is_head),
            "limited" | "always-limited" => {
                let time = rest.split('?').next().unwrap().replace("%20", " ");
                response("429 Too Many", &format!("Retry-After: {time}"), "", is_head)
            }
            _ => self.ordinary(kind, rest, asked),
        };
        connection.write_all(text.as_bytes()).await.is_ok()
    }

    /// The answers that HTTP knows.
    fn ordinary(&self, kind: &str, rest: &str, asked: &Asked) -> String {
        let is_head = asked.method == "HEAD";
        match kind {
            "status" => {
                let status = rest.split('?').next().unwrap();
                response(&format!("{status} Status"), "", "", is_head)
            }
            "no-head" if is_head => response(&format!("{rest} Status"), "", "", is_head),
            "no-head" if asked.has_range => {
                let range = format!("Content-Range: bytes 0-0/{}", FILE.len());
                response("206 Partial", &range, &FILE[..1], is_head)
            }
            "empty" if asked.has_range => {
                response("416 Range", "Content-Range: bytes */0", "", is_head)
            }
            "empty" => response("405 Method", "", "", is_head),
            "hidden" => response("404 Not Found", "X-Gitlab-Meta: {}", "", is_head),
            "gzip" => response("200 OK", "Content-Encoding: gzip", FILE, is_head),
            "page" => response("200 OK", "Content-Type: text/html", "<p>", is_head),
            "to" => {
                let (status, target) = rest.split_once('/').unwrap();
                let location = format!(
                    "Location: {}",
                    target.replace("PORT", &self.port.to_string())
                );
                response(&format!("{status} Redirect"), &location, "", is_head)
            }
            "hops" => match rest.parse::<usize>().unwrap() {
                0 => response("200 OK", "", FILE, is_head),
                left => {
                    let location = format!("Location: {}", left - 1);
                    response("302 Found", &location, "", is_head)
                }
            },
            _ => response("200 OK", "", FILE, is_head),
        }
    }

    async fn send_endlessly(&self, is_head: bool, connection: &mut TcpStream) -> bool {
        if is_head {
            let text = response("403 Forbidden", "", "", is_head);
            return connection.write_all(text.as_bytes()).await.is_ok();
        }
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {HUGE}\r\n\r\n");
        let mut part = head.into_bytes();
        while connection.write_all(&part).await.is_ok() {
            self.state.lock().unwrap().sent += part.len() as u64;
            part = vec![0; 1 << 14];
        }
        false
    }
}

fn response(status: &str, header: &str, body: &str, is_head: bool) -> String {
    let header = if header.is_empty() {
        String::new()
    } else {
        format!("{header}\r\n")
    };
    let length = body.len();
    let body = if is_head { "" } else { body };
    format!("HTTP/1.1 {status}\r\n{header}Content-Length: {length}\r\n\r\n{body}")
}

/// The head of the next request; `None` at the end of the connection.
async fn read(connection: &mut TcpStream) -> Option<Asked> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(connection.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap();
    let mut words = head.split(' ').map(str::to_owned);
    let header = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(other, _)| other.eq_ignore_ascii_case(name))
    };
    assert!(header("authorization").is_none() || head.contains("/with-password"));
    Some(Asked {
        method: words.next().unwrap(),
        path: words.next().unwrap(),
        host: header("host").unwrap().1.to_owned(),
        has_range: header("range").is_some_and(|(_, range)| range == "bytes=0-0"),
    })
}
