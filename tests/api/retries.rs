//! Limits on the duration and the number of retries. Timeouts run on tokio's paused clock.

use std::time::{Duration, SystemTime};

use release_links::project::{ProjectId, ProjectPath, ProjectRef, Role, Visibility};
use release_links::store::Store;
use release_links::store::operator::{
    AdminError, Operator, OperatorSession, ProjectChanges, RestoreFrom, RestoredPath, Takeover,
};
use release_links::token::{PlainToken, TokenId};
use serde_json::json;
use tokio::time::Instant;

use testkit::app::{LINKS, TABLE, TestApp, granted, project, seeded_engine};
use testkit::event::Event;
use testkit::faults::{Fault, Faulty, FirstTransientStep, Rule};
use testkit::log::Log;

/// Time until the deadline of the invocation, and the part of it that is reserved for the response.
const INVOCATION_TIME: Duration = Duration::from_secs(10);
const RESERVED_TIME: Duration = Duration::from_millis(300);

/// Time and attempts until the function gives up if every DynamoDB request meets this fault. No
/// engine is listening.
async fn time_and_attempts(event: Event, fault: Fault) -> (Duration, u32) {
    time_and_attempts_within(event, fault, INVOCATION_TIME).await
}

async fn time_and_attempts_within(event: Event, fault: Fault, time: Duration) -> (Duration, u32) {
    let every = [
        "BatchGetItem",
        "GetItem",
        "Query",
        "TransactWriteItems",
        "UpdateItem",
    ];
    let rules = every.map(|operation| Rule {
        operation,
        fault,
        skip: 0,
        times: u32::MAX,
    });
    let faulty = Faulty::new(aws_smithy_http_client::Builder::new().build_http(), &rules);
    let nowhere = ([127, 0, 0, 1], 1).into();
    let app = TestApp::builder(nowhere)
        .store(Store::new(faulty.clone().config(nowhere), TABLE.to_owned()))
        .start();
    let started = Instant::now();
    let reply = app.send_within(event, time).await;
    reply.assert(
        503,
        json!({"message": "503 Service Unavailable: nothing is lost, please try again"}),
    );
    assert_eq!(reply.header("retry-after"), "1");
    let sent = *faulty.sent.lock().unwrap();
    (started.elapsed(), sent)
}

#[tokio::test(start_paused = true)]
async fn a_persistent_fault_returns_503_before_the_deadline() {
    let faults = Fault::all().filter(|fault| {
        matches!(
            fault,
            Fault::ServiceError(..)
                | Fault::Cancelled(_)
                | Fault::ResetBefore
                | Fault::StalledBefore
        ) && !fault.is_permanent()
    });
    for fault in faults {
        for method in ["GET", "POST", "PUT", "DELETE"] {
            let target = if method == "POST" {
                LINKS.to_owned()
            } else {
                format!("{LINKS}/1")
            };
            let event = Event::new(method, &target).form("name=a&url=http://a");
            let (time, sent) = time_and_attempts(event, fault).await;
            assert!(
                time <= INVOCATION_TIME - RESERVED_TIME,
                "{method}, {fault:?}: {time:?}"
            );
            assert!(
                (1..=4).contains(&sent),
                "{method}, {fault:?}: {sent} attempts at the first request"
            );
        }
    }
    let (time, sent) = time_and_attempts(Event::new("GET", LINKS), Fault::StalledBefore).await;
    assert!((4..=5).contains(&sent), "{sent} attempts of 2 s each");
    assert!(
        time > Duration::from_secs(8),
        "a stalled request is retried while time remains: {time:?}"
    );
}

#[tokio::test]
async fn a_persistent_conflict_is_retried_twelve_times() {
    let engine = seeded_engine().await;
    let rule = Rule {
        operation: "TransactWriteItems",
        fault: Fault::Cancelled("TransactionConflict"),
        skip: 0,
        times: u32::MAX,
    };
    let faulty = Faulty::new(aws_smithy_http_client::Builder::new().build_http(), &[rule]);
    let app = TestApp::builder(engine)
        .store(Store::new(faulty.clone().config(engine), TABLE.to_owned()))
        .start();
    let reply = app
        .send_within(
            Event::new("POST", LINKS).form("name=a&url=http://a"),
            INVOCATION_TIME,
        )
        .await;
    reply.assert(
        503,
        json!({"message": "503 Service Unavailable: nothing is lost, please try again"}),
    );
    assert_eq!(
        *faulty.sent.lock().unwrap(),
        2 + 13,
        "the caller and the link ID once, the transaction thirteen times"
    );
    assert_eq!(app.get(LINKS).await.status, 200);
}

#[tokio::test]
async fn an_unprocessed_batch_is_retried() {
    let engine = seeded_engine().await;
    for (times, status, attempts) in [(3, 200, 3 + 1 + 1), (u32::MAX, 503, 13)] {
        let rule = Rule {
            operation: "BatchGetItem",
            fault: Fault::Unprocessed,
            skip: 0,
            times,
        };
        let faulty = Faulty::new(aws_smithy_http_client::Builder::new().build_http(), &[rule]);
        let app = TestApp::builder(engine)
            .store(Store::new(faulty.clone().config(engine), TABLE.to_owned()))
            .start();
        let reply = app
            .send_within(Event::new("GET", LINKS), INVOCATION_TIME)
            .await;
        assert_eq!(
            (reply.status, *faulty.sent.lock().unwrap()),
            (status, attempts),
            "{times}: {reply:?}"
        );
    }
}

/// A store whose requests to the engine meet these faults.
fn store(engine: std::net::SocketAddr, rules: &[Rule]) -> (Store, Faulty) {
    let faulty = Faulty::new(aws_smithy_http_client::Builder::new().build_http(), rules);
    (
        Store::new(faulty.clone().config(engine), TABLE.to_owned()),
        faulty,
    )
}

/// The operator's handle, whose requests to the engine meet these faults.
fn operator(engine: std::net::SocketAddr, rules: &[Rule]) -> (Operator, Faulty) {
    let (_, faulty) = store(engine, rules);
    let operator = Operator::new(faulty.clone().config(engine), TABLE.to_owned());
    (operator, faulty)
}

#[tokio::test]
async fn only_the_unprocessed_part_of_a_batch_is_retried() {
    let engine = seeded_engine().await;
    for times in [1, 2] {
        let rule = Rule {
            operation: "BatchGetItem",
            fault: Fault::PartlyProcessed,
            skip: 0,
            times,
        };
        let (store, faulty) = store(engine, &[rule]);
        let app = TestApp::builder(engine).store(store).start();
        assert_eq!(app.send(Event::new("GET", LINKS)).await.status, 200);
        let sent: Vec<usize> = faulty.batches.lock().unwrap().clone();
        assert_eq!(
            sent,
            if times == 1 {
                vec![2, 1]
            } else {
                vec![2, 1, 1]
            }
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_stalls_until_the_deadline_leaves_time_for_the_response() {
    for time in [Duration::from_secs(1), Duration::from_secs(3)] {
        for event in [
            Event::new("GET", LINKS),
            Event::new("POST", LINKS).form("name=a&url=http://a"),
        ] {
            let (elapsed, _) = time_and_attempts_within(event, Fault::StalledBefore, time).await;
            assert!(elapsed <= time - RESERVED_TIME, "{elapsed:?} of {time:?}");
            assert!(
                elapsed >= time - RESERVED_TIME - Duration::from_millis(50),
                "only the reserved time remains: {elapsed:?}"
            );
        }
    }
}

#[tokio::test]
async fn an_invalid_dynamodb_request_returns_500_with_the_cause_in_the_log() {
    let engine = seeded_engine().await;
    for (operation, fault) in [
        ("Query", Fault::ServiceError(400, "ValidationException")),
        (
            "BatchGetItem",
            Fault::ServiceError(400, "ValidationException"),
        ),
        ("Query", Fault::ServiceError(400, "SerializationException")),
        ("TransactWriteItems", Fault::Cancelled("ValidationError")),
    ] {
        let log = Log::capture();
        let (store, faulty) = store(
            engine,
            &[Rule {
                operation,
                fault,
                skip: 0,
                times: u32::MAX,
            }],
        );
        let method = if operation == "TransactWriteItems" {
            "POST"
        } else {
            "GET"
        };
        let event = Event::new(method, LINKS).form("name=a&url=http://a");
        let reply = TestApp::builder(engine)
            .store(store)
            .start()
            .send(event)
            .await;
        reply.assert(500, json!({"message": "500 Internal Server Error"}));
        assert!(!reply.has_header("retry-after"));
        assert!(
            log.text().contains("ERROR") && log.text().contains("injected"),
            "{}",
            log.text()
        );
        assert!(
            *faulty.sent.lock().unwrap() <= 3,
            "the request is not retried"
        );
    }
}

/// The operator's write operations, each of which is one transaction.
async fn write_as_operator(session: &OperatorSession<'_>, n: usize) -> Result<(), String> {
    let (id, now) = (ProjectId::new(7).unwrap(), SystemTime::now());
    let to_message = |error: AdminError| error.to_string();
    let path = Some(ProjectPath::parse("moved/app").unwrap());
    match n {
        0 => session
            .projects()
            .create(&project(7, "a/b", Visibility::Public), Takeover::Refuse)
            .await
            .map(|_| ())
            .map_err(to_message),
        1 => {
            let changes = ProjectChanges {
                path,
                visibility: Some(Visibility::Private),
            };
            session
                .projects()
                .update(&ProjectRef::Id(id), changes, Takeover::Allow, now)
                .await
                .map(|_| ())
                .map_err(to_message)
        }
        2 => {
            let hash = PlainToken::from("a-token-of-the-operator".to_owned()).hash();
            session
                .tokens()
                .create(hash, granted("new", 7, Role::Owner))
                .await
                .map(|_| ())
                .map_err(to_message)
        }
        3 => session
            .tokens()
            .revoke(TokenId(2), now)
            .await
            .map(|_| ())
            .map_err(to_message),
        _ => delete_as_operator(session, n).await.map_err(to_message),
    }
}

/// The transactions of a deletion and of its undoing.
async fn delete_as_operator(session: &OperatorSession<'_>, n: usize) -> Result<(), AdminError> {
    let (id, now) = (ProjectId::new(7).unwrap(), SystemTime::now());
    let projects = session.projects();
    let path = RestoredPath {
        path: None,
        takeover: Takeover::Refuse,
    };
    let restore = |from| projects.restore(id, from, &path, now);
    match n {
        4 | 6 => projects.hide(id, now).await.map(drop),
        5 => restore(RestoreFrom::Hidden).await.map(drop),
        7..=9 => {
            let hidden = projects.hidden(id).await?;
            let purge = projects.begin_purge(&hidden, now).await?;
            match n {
                7 => Ok(()),
                8 => session.tokens().revoke_grant(TokenId(2), &purge).await,
                _ => projects.finish_purge(&purge, now).await,
            }
        }
        _ => restore(RestoreFrom::Purged).await.map(drop),
    }
}

#[tokio::test]
async fn an_operators_transaction_cancelled_for_mixed_reasons_is_retried() {
    for reason in ["TransactionConflict", "ThrottlingError"] {
        for start in [FirstTransientStep::First, FirstTransientStep::Second] {
            let engine = seeded_engine().await;
            for n in 0..11 {
                let fault = Fault::Mixed(reason, start);
                let (operator, _) = operator(
                    engine,
                    &[Rule {
                        operation: "TransactWriteItems",
                        fault,
                        skip: 0,
                        times: 2,
                    }],
                );
                let result = write_as_operator(&operator.session(Duration::from_secs(10)), n).await;
                assert_eq!(result, Ok(()), "operation {n}, {fault:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_long_command_waits_while_dynamodb_throttles_it() {
    for (fault, times) in [
        (Fault::ServiceError(400, "ThrottlingException"), 6),
        (
            Fault::ServiceError(400, "ProvisionedThroughputExceededException"),
            6,
        ),
        (Fault::Cancelled("ThrottlingError"), 14),
    ] {
        let engine = seeded_engine().await;
        let rule = Rule {
            operation: "TransactWriteItems",
            fault,
            skip: 0,
            times,
        };
        let time = Duration::from_secs(60);
        let (impatient, _) = operator(engine, &[rule]);
        let refused = write_as_operator(&impatient.session(time), 0).await;
        assert!(refused.is_err(), "{fault:?}");
        let (patient, _) = operator(engine, &[rule]);
        let patient = patient.with_write_limit(500);
        let written = write_as_operator(&patient.session(time), 0).await;
        assert_eq!(written, Ok(()), "{fault:?}");
    }
}

#[tokio::test]
async fn a_long_command_keeps_below_its_limit_of_write_units() {
    let engine = seeded_engine().await;
    let (operator, _) = operator(engine, &[]);
    let operator = operator.with_write_limit(2);
    let started = Instant::now();
    // Each transaction writes two items, in two units each.
    for n in 0..2 {
        let written = write_as_operator(&operator.session(Duration::from_secs(60)), n).await;
        assert_eq!(written, Ok(()));
    }
    assert!(started.elapsed() >= Duration::from_secs(2));
}
