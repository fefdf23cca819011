//! Names that resolve to addresses that must not be requested. The names of the system cannot do
//! that in a test.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use url::Url;

use super::address::{Refuse, not_public, refuse_none};
use super::finding::Finding;
use super::private::OwnService;
use super::probe::{Prober, Question, Settings};
use super::resolver::{Lookup, Names, Unresolved};

const FIRST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const SECOND: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

/// Names whose lookups return these results, one after the other.
struct Answers(Mutex<VecDeque<Result<Vec<IpAddr>, Unresolved>>>);

impl Names for Answers {
    fn look_up(&self, _name: String) -> Lookup {
        let answer = self.0.lock().unwrap().pop_front();
        Box::pin(std::future::ready(answer.unwrap()))
    }
}

fn names<const N: usize>(answers: [Result<Vec<IpAddr>, Unresolved>; N]) -> Arc<Answers> {
    Arc::new(Answers(Mutex::new(answers.into())))
}

async fn check(names: &Arc<Answers>, refuse: Refuse, url: &str) -> Finding {
    let settings = Settings {
        timeout: Duration::from_secs(5),
        refuse,
    };
    let prober = Prober::new(settings, names.clone(), OwnService::default()).unwrap();
    let url = Url::parse(url).unwrap();
    prober.check(url, Question::Answers).await
}

/// A server on each of the two addresses, which redirects every request to this URL and closes the
/// connection. It returns the port and the addresses that were requested.
fn redirecting(
    target: impl Fn(u16) -> String + Send + Sync + 'static,
) -> (u16, Arc<Mutex<Vec<IpAddr>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (mut port, target) = (0, Arc::new(target));
    for address in [FIRST, SECOND] {
        let listener = TcpListener::bind((address, port)).unwrap();
        port = listener.local_addr().unwrap().port();
        let (asked, target) = (asked.clone(), target.clone());
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let mut connection = connection.unwrap();
                asked.lock().unwrap().push(address);
                let _ = connection.read(&mut [0; 1 << 12]);
                let target = target(port);
                let answer = format!(
                    "HTTP/1.1 302 Found\r\nLocation: {target}\r\nConnection: close\r\n\
                     Content-Length: 0\r\n\r\n"
                );
                connection.write_all(answer.as_bytes()).unwrap();
            }
        });
    }
    (port, asked)
}

/// Takes the first address for a public one.
fn refuse_second(address: IpAddr) -> Option<&'static str> {
    (address != FIRST).then_some("a private")
}

#[tokio::test]
async fn a_name_that_changes_its_address_between_two_connections_leads_nowhere() {
    let (port, asked) = redirecting(|port| format!("http://rebind.test:{port}/again"));
    let names = names([Ok(vec![FIRST]), Ok(vec![SECOND])]);
    let found = check(
        &names,
        refuse_second,
        &format!("http://rebind.test:{port}/"),
    )
    .await;
    assert_eq!(found, Finding::skipped("a private address"));
    assert_eq!(*asked.lock().unwrap(), [FIRST]);
    assert!(names.0.lock().unwrap().is_empty(), "each was asked once");
}

#[tokio::test]
async fn only_the_public_addresses_of_a_name_are_used() {
    let (port, asked) = redirecting(|_| "ftp://e.com/".to_owned());
    let names = names([Ok(vec![SECOND, FIRST])]);
    let found = check(&names, refuse_second, &format!("http://mixed.test:{port}/")).await;
    assert_eq!(found, Finding::skipped("redirects to ftp"));
    assert_eq!(*asked.lock().unwrap(), [FIRST]);
}

#[tokio::test]
async fn a_redirect_to_an_address_that_is_not_public_is_not_followed() {
    for (host, kind) in [
        ("127.0.0.2", "a private"),
        ("0x7f.2", "a private"),
        ("[::1]", "a private"),
        ("[::ffff:127.0.0.2]", "a private"),
    ] {
        let (port, asked) = redirecting(move |port| format!("http://{host}:{port}/"));
        let names = names([Ok(vec![FIRST])]);
        let found = check(&names, refuse_second, &format!("http://a.test:{port}/")).await;
        let cause = format!("redirects to {kind} address");
        assert_eq!(found, Finding::skipped(cause), "{host}");
        assert_eq!(*asked.lock().unwrap(), [FIRST], "{host}");
    }
}

#[tokio::test]
async fn a_name_with_only_private_addresses_is_not_requested() {
    let metadata: IpAddr = "169.254.169.254".parse().unwrap();
    let mapped: IpAddr = "::ffff:10.0.0.1".parse().unwrap();
    for (addresses, cause) in [
        (vec![FIRST, SECOND], "a loopback address"),
        (vec![metadata], "a link-local address"),
        (vec![mapped], "an IPv4-in-IPv6 address"),
    ] {
        let names = names([Ok(addresses)]);
        let found = check(&names, not_public, "http://a.test/").await;
        assert_eq!(found, Finding::skipped(cause));
    }
}

#[tokio::test]
async fn only_a_name_that_certainly_does_not_exist_is_dead() {
    for (answer, expected) in [
        (Err(Unresolved::NotFound), Finding::dead("name not found")),
        (Ok(Vec::new()), Finding::dead("name not found")),
        (
            Err(Unresolved::Failed),
            Finding::uncertain("the name lookup failed"),
        ),
    ] {
        let names = names([answer]);
        assert_eq!(
            check(&names, refuse_none, "https://a.test/").await,
            expected
        );
    }
}
