//! How long and how often is tried again, on a clock that stands still unless somebody waits.

use std::time::Duration;

use release_links::store::Store;
use serde_json::json;
use tokio::time::Instant;

use crate::faulty::{Fault, Faulty, Rule};
use crate::support::{Event, LINKS, TABLE, TestApp, seeded_engine};

/// Time that the invocation has, and the part of it that is kept for the answer.
const TIME: Duration = Duration::from_secs(10);
const TIME_TO_ANSWER: Duration = Duration::from_millis(300);

/// Nothing ever answers: the request goes to nobody.
async fn time_and_attempts(event: Event, fault: Fault) -> (Duration, u32) {
    let every = ["BatchGetItem", "GetItem", "Query", "TransactWriteItems", "UpdateItem"];
    let rules = every.map(|operation| Rule { operation, fault, times: u32::MAX });
    let faulty = Faulty::new(aws_smithy_http_client::Builder::new().build_http(), &rules);
    let nowhere = ([127, 0, 0, 1], 1).into();
    let app = TestApp::on(Store::new(faulty.clone().config(nowhere), TABLE.to_owned()), nowhere);
    let started = Instant::now();
    let reply = app.send_within(event, TIME).await;
    reply.assert(503, json!({"message": "503 Service Unavailable: nothing is lost, please try again"}));
    assert_eq!(reply.header("retry-after"), "1");
    let sent = *faulty.sent.lock().unwrap();
    (started.elapsed(), sent)
}

#[tokio::test(start_paused = true)]
async fn what_never_works_is_given_up_in_time_to_say_so() {
    let before = Fault::ALL.into_iter().filter(|fault| {
        matches!(fault, Fault::Refused(..) | Fault::Cancelled(_) | Fault::CutBefore | Fault::StalledBefore)
    });
    for fault in before {
        for method in ["GET", "POST", "PUT", "DELETE"] {
            let target = if method == "POST" { LINKS.to_owned() } else { format!("{LINKS}/1") };
            let event = Event::new(method, &target).form("name=a&url=http://a");
            let (time, sent) = time_and_attempts(event, fault).await;
            assert!(time <= TIME - TIME_TO_ANSWER, "{method}, {fault:?}: {time:?}");
            assert!((1..=4).contains(&sent), "{method}, {fault:?}: {sent} attempts of the first call");
        }
    }
    let (time, sent) = time_and_attempts(Event::new("GET", LINKS), Fault::StalledBefore).await;
    assert!((4..=5).contains(&sent), "{sent} attempts of 2 s each");
    assert!(time > Duration::from_secs(8), "a stalled call is repeated while there is time: {time:?}");
}

#[tokio::test]
async fn a_conflict_that_does_not_end_is_waited_out_a_dozen_times() {
    let engine = seeded_engine().await;
    let rule =
        Rule { operation: "TransactWriteItems", fault: Fault::Cancelled("TransactionConflict"), times: u32::MAX };
    let faulty = Faulty::new(aws_smithy_http_client::Builder::new().build_http(), &[rule]);
    let app = TestApp::on(Store::new(faulty.clone().config(engine), TABLE.to_owned()), engine);
    let reply = app.send_within(Event::new("POST", LINKS).form("name=a&url=http://a"), TIME).await;
    reply.assert(503, json!({"message": "503 Service Unavailable: nothing is lost, please try again"}));
    assert_eq!(*faulty.sent.lock().unwrap(), 2 + 13, "identity and number once, the transaction thirteen times");
    assert_eq!(app.get(LINKS).await.status, 200);
}

#[tokio::test]
async fn what_dynamodb_leaves_out_of_a_batch_is_asked_for_again() {
    let engine = seeded_engine().await;
    for (times, status, attempts) in [(3, 200, 3 + 1 + 1), (u32::MAX, 503, 13)] {
        let rule = Rule { operation: "BatchGetItem", fault: Fault::LeftOut, times };
        let faulty = Faulty::new(aws_smithy_http_client::Builder::new().build_http(), &[rule]);
        let app = TestApp::on(Store::new(faulty.clone().config(engine), TABLE.to_owned()), engine);
        let reply = app.send_within(Event::new("GET", LINKS), TIME).await;
        assert_eq!((reply.status, *faulty.sent.lock().unwrap()), (status, attempts), "{times}: {reply:?}");
    }
}
