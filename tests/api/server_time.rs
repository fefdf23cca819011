//! The operator's command takes the time from DynamoDB: the clock of the operator's machine may be
//! wrong, and the command may be suspended for hours.

use std::time::Duration;

use aws_sdk_dynamodb::config::interceptors::BeforeDeserializationInterceptorContextMut;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use release_links::store::operator::Operator;

use testkit::app::{TABLE, TestApp};
use testkit::{engine, usage};

/// The time that all responses have in their header `Date`.
const DATE: &str = "Tue, 01 Jan 2030 00:00:00 GMT";
/// The same in seconds since 1970.
const SECONDS: u64 = 1_893_456_000;
/// A late write may arrive for so long after the deadline of the operator's session: the longest
/// life of an invocation, and the longest delay of a call.
const LATE: u64 = (15 + 16) * 60;

#[derive(Debug)]
struct Date;

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
        context.response_mut().headers_mut().insert("date", DATE);
        Ok(())
    }
}

#[tokio::test]
async fn an_operators_deletion_waits_for_late_writes_by_the_time_of_dynamodb() {
    let app = TestApp::start().await;
    let config = engine::client_config(app.address).interceptor(Date);
    let operator = Operator::new(config, TABLE.to_owned());
    let session = operator.session(Duration::from_secs(60));
    let release = usage::release("v0.1");
    session.releases().delete(&release).await.unwrap();
    let items = app.items().await;
    let work = items
        .iter()
        .find(|item| item["sk"].as_s().unwrap().starts_with("work#"));
    let not_before: u64 = work.unwrap()["not_before"].as_n().unwrap().parse().unwrap();
    let expected = SECONDS + 60 + LATE;
    assert!(
        (expected - 5..=expected + 5).contains(&not_before),
        "{not_before}, not {expected}"
    );
}
