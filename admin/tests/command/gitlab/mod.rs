//! `release-links-admin import --from`, against doubles of GitLab and a second instance of the
//! service.

mod answers;
mod bad_input;
mod costs;
mod double;
mod groups;
mod instances;
mod large_pages;
mod paging;
mod sessions;
mod transport;
mod versions;

use double::{Double, Instance};
use serde_json::Value;
use testkit::app::TestApp;
use testkit::event::Event;

use super::{Ended, admin, command, ended, file, run};

/// Starts a double of this instance.
async fn serve(instance: Instance) -> Double {
    Double::start(move |asked| instance.answer(asked)).await
}

/// Imports from the double. In the output, `BASE` stands for its address.
fn import(app: &TestApp, double: &Double, arguments: &str) -> Ended {
    import_from(app, &double.base, arguments)
}

/// Imports from this address. In the output, `BASE` stands for it.
fn import_from(app: &TestApp, base: &str, arguments: &str) -> Ended {
    let ended = admin(
        app,
        &format!("import --from {base} --write-units 100000 {arguments}"),
    );
    Ended {
        stdout: ended.stdout.replace(base, "BASE"),
        stderr: ended.stderr.replace(base, "BASE"),
        ..ended
    }
}

/// A token that may write in all projects.
fn token(app: &TestApp) -> String {
    let created = admin(app, "token create --label ci --grant all=developer");
    created.stdout.trim().to_owned()
}

/// What the service answers to a GET with this token.
async fn get(app: &TestApp, token: &str, target: &str) -> Value {
    let reply = app.send(Event::new("GET", target).token(token)).await;
    assert_eq!(reply.status, 200, "{target}: {reply:?}");
    reply.body
}
