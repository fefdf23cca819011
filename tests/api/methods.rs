//! HEAD and OPTIONS of every operation (E3, F8).

use release_links::operations::{Facts, Format, OPERATIONS};
use serde_json::Value;

use testkit::app::TestApp;
use testkit::event::Event;

use crate::cases::{CASES, Case, Subject, create_project_with_one_release};

fn facts(case: &Case) -> &'static Facts {
    let mut facts = OPERATIONS.iter().map(|row| row.facts);
    facts.find(|facts| facts.name == case.row()).unwrap()
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let app = TestApp::start().await;
    create_project_with_one_release(&app).await;
    for (index, case) in CASES.iter().enumerate() {
        let subject = case.prepare(&app, format!("v{index}")).await;
        if facts(case).method.as_str() == "GET" {
            let get = app.send(case.event(&subject)).await;
            let head = app.send(case.event(&subject).method("HEAD")).await;
            let expected = (get.status, &Value::Null);
            assert_eq!((head.status, &head.body), expected, "{}", case.name);
            for header in ["content-type", "link", "location", "vary", "x-total"] {
                assert_eq!(head.header(header), get.header(header), "{}", case.name);
            }
        }
    }
}

#[tokio::test]
async fn options_names_the_method_of_each_operation() {
    let app = TestApp::start().await;
    for case in CASES {
        let subject = Subject::new(24, "v0.1");
        let Facts { method, format, .. } = facts(case);
        let target = case.event(&subject).target().to_owned();
        let options = app.send(Event::new("OPTIONS", &target).anonymous()).await;
        if *format == Format::Ignored {
            options.assert_error(404, "404 Not Found");
            continue;
        }
        assert_eq!((options.status, &options.body), (204, &Value::Null));
        let allowed: Vec<&str> = options.header("allow").split(", ").collect();
        assert!(allowed.contains(&method.as_str()), "{}", case.name);
        assert_eq!(allowed.contains(&"HEAD"), allowed.contains(&"GET"));
    }
}
