//! The import of a release, by the functions behind the operator's command.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::join_all;
use release_links::link::{LinkId, NewLink};
use release_links::release::{Details, Release, TagName};
use release_links::store::operator::{
    AdminError, ImportMode, ImportedRelease, Operator, ReleaseImport, RestoreInto,
};
use release_links::timestamp::Timestamp;

use testkit::app::{TABLE, seeded_engine};
use testkit::faults::{Fault, Faulty, Rule};
use testkit::usage;

/// Imports a release with a link.
async fn import(operator: &Operator, tag: &str) -> Result<ImportedRelease, AdminError> {
    let time: Timestamp = "2020-01-02T03:04:05Z".parse().unwrap();
    let project = usage::project();
    let release = Release {
        project,
        tag: tag.parse::<TagName>().unwrap(),
        details: Details::default(),
        created_at: time,
        released_at: time,
        immutable_at: None,
    };
    let link = NewLink::new("a", "https://e.com/a").unwrap();
    let link = link.with_id(LinkId::new(7).unwrap());
    let new = ReleaseImport::new(release, vec![(link, time)], 9);
    let mode = ImportMode {
        recreates: false,
        is_trial: false,
    };
    let session = operator.session(Duration::from_secs(60));
    let into = RestoreInto::Active(project);
    session.releases().import(&new, mode, &into).await
}

fn throttled(engine: SocketAddr, operation: &'static str, fault: Fault) -> Operator {
    let rule = Rule {
        operation,
        fault,
        skip: 0,
        times: 6,
    };
    let client = aws_smithy_http_client::Builder::new().build_http();
    let faulty = Faulty::new(client, &[rule]);
    Operator::new(faulty.config(engine), TABLE.to_owned())
}

/// Reads and reservations wait, too, which a purge does not have.
#[tokio::test]
async fn an_import_waits_while_dynamodb_throttles_any_of_its_calls() {
    let throttle = Fault::ServiceError(400, "ThrottlingException");
    let operations = ["GetItem", "UpdateItem", "TransactWriteItems", "Query"];
    join_all(operations.map(async |operation| {
        let engine = seeded_engine().await;
        let tag = if operation == "Query" { "v0.1" } else { "v1" };
        let impatient = throttled(engine, operation, throttle);
        let refused = import(&impatient, tag).await;
        assert!(matches!(refused, Err(AdminError::Failed(_))), "{operation}");
        let patient = throttled(engine, operation, throttle).with_write_limit(500);
        let imported = import(&patient, tag).await;
        assert!(imported.is_ok(), "{operation}: {imported:?}");
    }))
    .await;
}
