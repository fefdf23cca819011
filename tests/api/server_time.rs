//! The operator's command takes the time from DynamoDB: the clock of the operator's machine may be
//! wrong, and the command may be suspended for hours.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_sdk_dynamodb::config::interceptors::BeforeDeserializationInterceptorContextMut;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use release_links::release::DRAIN;
use release_links::store::operator::Operator;
use release_links::timestamp::Timestamp;

use testkit::app::{Item, TABLE, TestApp};
use testkit::{engine, usage};

/// The time that responses have in their header `Date`.
const DATE: &str = "Tue, 01 Jan 2030 00:00:00 GMT";
/// The same in seconds since 1970.
const SECONDS: u64 = 1_893_456_000;
/// The time after the command was suspended for a day.
const NEXT_DATE: &str = "Wed, 02 Jan 2030 00:00:00 GMT";
/// A time in the past.
const PAST_DATE: &str = "Wed, 01 Jan 2020 00:00:00 GMT";
/// The same in seconds since 1970.
const PAST_SECONDS: u64 = 1_577_836_800;
const DAY: u64 = 24 * 60 * 60;
/// A late write may arrive for so long after the deadline of the operator's session: the longest
/// life of an invocation, and the longest delay of a call.
const LATE: u64 = (15 + 16) * 60;

/// Sets the date of all responses.
#[derive(Debug, Default)]
struct Date {
    /// The date of the first response, if it is not [`DATE`].
    first: Option<&'static str>,
    /// The date of the responses after the first one, which is that to the read of the release.
    next: Option<&'static str>,
    responses: AtomicUsize,
}

impl Intercept for Date {
    fn name(&self) -> &'static str {
        "Date"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _call: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let is_first = self.responses.fetch_add(1, Ordering::Relaxed) == 0;
        let date = if is_first { self.first } else { self.next };
        let date = date.unwrap_or(DATE);
        context.response_mut().headers_mut().insert("date", date);
        Ok(())
    }
}

/// When the work item of the release that the operator has deleted may be removed.
async fn not_before_of_deletion(date: Date) -> u64 {
    let app = TestApp::start().await;
    let config = engine::client_config(app.address).interceptor(date);
    let operator = Operator::new(config, TABLE.to_owned());
    let session = operator.session(Duration::from_secs(60));
    let release = usage::release("v0.1");
    session.releases().delete(&release).await.unwrap();
    let items = app.items().await;
    let work = items
        .iter()
        .find(|item| item["sk"].as_s().unwrap().starts_with("work#"));
    work.unwrap()["not_before"].as_n().unwrap().parse().unwrap()
}

#[tokio::test]
async fn an_operators_deletion_waits_for_late_writes_by_the_time_of_dynamodb() {
    let not_before = not_before_of_deletion(Date::default()).await;
    let expected = SECONDS + 60 + LATE;
    assert!(
        (expected - 5..=expected + 5).contains(&not_before),
        "{not_before}, not {expected}"
    );
}

#[tokio::test]
async fn an_operators_deletion_that_was_suspended_gives_late_writes_the_full_time() {
    let date = Date {
        next: Some(NEXT_DATE),
        ..Date::default()
    };
    let not_before = not_before_of_deletion(date).await;
    let expected = SECONDS + DAY + LATE;
    assert!(
        (expected - 5..=expected + 65).contains(&not_before),
        "{not_before}, not {expected}"
    );
}

/// The time of immutability that a lock of the operator sets, in seconds since 1970.
async fn immutable_at(date: Date) -> u64 {
    let app = TestApp::start().await;
    let config = engine::client_config(app.address).interceptor(date);
    let operator = Operator::new(config, TABLE.to_owned());
    let session = operator.session(Duration::from_secs(60));
    let release = usage::release("v0.1");
    let left = session.releases().lock(&release).await.unwrap();
    assert!(left <= DRAIN + Duration::from_secs(1), "{left:?}");
    let items = app.items().await;
    let is_release = |item: &&Item| item["sk"].as_s().unwrap() == "release";
    let release = items.iter().find(is_release).unwrap();
    let time: Timestamp = release["immutable_at"].as_s().unwrap().parse().unwrap();
    time.unix_seconds().try_into().unwrap()
}

/// The clock of the operator's machine is some years behind 2030, and ahead of 2020.
#[tokio::test]
async fn an_operators_lock_takes_the_time_of_dynamodb() {
    for (date, seconds) in [(DATE, SECONDS), (PAST_DATE, PAST_SECONDS)] {
        let date = Date {
            first: Some(date),
            next: Some(date),
            ..Date::default()
        };
        let expected = seconds + DRAIN.as_secs();
        let time = immutable_at(date).await;
        assert!(
            (expected..=expected + 5).contains(&time),
            "{time}, not {expected}"
        );
    }
}

/// The lock is written at some time before the second response, so its time counts from there.
#[tokio::test]
async fn an_operators_lock_that_was_suspended_waits_for_writes_that_began_meanwhile() {
    let date = Date {
        next: Some("Tue, 01 Jan 2030 00:14:00 GMT"),
        ..Date::default()
    };
    let expected = SECONDS + 14 * 60 + DRAIN.as_secs();
    let time = immutable_at(date).await;
    assert!(
        (expected..=expected + 5).contains(&time),
        "{time}, not {expected}"
    );
}
