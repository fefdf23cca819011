//! Criterion benchmarks of the pipeline stages that do no I/O. `lambda_http`'s reading of the event
//! is the baseline to which `make bench` relates them.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use futures_util::FutureExt;
use lambda_http::http::{Request, header};
use lambda_http::request::LambdaRequest;
use lambda_http::{Body, http};
use release_links::http::params::{MAX_BODY_BYTES, Params};
use release_links::http::public_url::PublicUrl;
use release_links::http::{Method, json};
use release_links::link::{Link, LinkId, NewLink};
use release_links::operations;
use release_links::project::{Project, ProjectId, ProjectPath, Visibility};

const EVENT: &str = include_str!("../events/create-link.json");

fn request(content_type: &str, body: &str) -> Request<Body> {
    let request = http::Request::post("/").header(header::CONTENT_TYPE, content_type);
    request
        .body(Body::Text(body.to_owned()))
        .expect("the request is valid")
}

fn link(id: i128) -> Link {
    let name = format!("awesome-v0.2.{id}.dmg");
    let link = NewLink::new(&name, format!("https://example.com/{name}"));
    let link = link.and_then(|link| link.with_filepath(format!("/bin/{id}")));
    let id = LinkId::new(id).expect("the ID is positive");
    link.expect("the link is valid").with_id(id)
}

fn stages(criterion: &mut Criterion) {
    criterion.bench_function("event", |bencher| {
        bencher.iter(|| serde_json::from_str::<LambdaRequest>(black_box(EVENT)).is_ok());
    });
    criterion.bench_function("route", |bencher| {
        let path = "/api/v4/projects/group%2Fapp/releases/v0.1/assets/links/1";
        bencher.iter(|| operations::parse_path(&Method::GET, black_box(path)).is_ok());
    });
    params(criterion);
    responses(criterion);
}

fn params(criterion: &mut Criterion) {
    let form = request(
        "application/x-www-form-urlencoded",
        "name=awesome-v0.2.dmg&url=http://192.168.10.15:3000",
    );
    let json = request(
        "application/json",
        r#"{"name":"awesome-v0.2.dmg","url":"http://192.168.10.15:3000"}"#,
    );
    for (name, request) in [("params of a form", form), ("params of JSON", json)] {
        criterion.bench_function(name, |bencher| {
            let read = || Params::read(black_box(&request), "per_page=20", MAX_BODY_BYTES);
            bencher.iter(|| {
                read()
                    .now_or_never()
                    .expect("reading the parameters never waits")
                    .is_ok()
            });
        });
    }
}

fn responses(criterion: &mut Criterion) {
    let project = Project {
        id: ProjectId::new(24).expect("24 is a valid project ID"),
        path: ProjectPath::parse("group/app").expect("group/app is a valid path"),
        visibility: Visibility::Public,
    };
    let public_url = PublicUrl::parse("https://links.example.com").expect("the URL is valid");
    let links: Vec<Link> = (1..=20).map(link).collect();
    criterion.bench_function("view of a link", |bencher| {
        bencher.iter(|| json::link(&public_url, &project, "v0.1", black_box(&links[0])));
    });
    criterion.bench_function("view of 20 links", |bencher| {
        bencher.iter(|| json::links(&public_url, &project, "v0.1", black_box(&links)));
    });
}

criterion_group!(pipeline, stages);
criterion_main!(pipeline);
