//! HEAD and OPTIONS of every operation (E3, F8).

use serde_json::Value;

use testkit::app::TestApp;
use testkit::event::Event;

use crate::cases::{CASES, Subject, create_project_with_one_release};
use crate::rows::ROWS;

#[tokio::test]
async fn head_is_get_without_the_body() {
    let app = TestApp::start().await;
    create_project_with_one_release(&app).await;
    for (index, case) in CASES.iter().enumerate() {
        let subject = case.prepare(&app, format!("v{index}")).await;
        let row = ROWS.iter().find(|row| row.name == case.row()).unwrap();
        if row.method == "GET" {
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
        let row = ROWS.iter().find(|row| row.name == case.row()).unwrap();
        let target = case.event(&subject).target().to_owned();
        let options = app.send(Event::new("OPTIONS", &target).anonymous()).await;
        if !row.serves_json {
            options.assert_error(404, "404 Not Found");
            continue;
        }
        assert_eq!((options.status, &options.body), (204, &Value::Null));
        let allowed: Vec<&str> = options.header("allow").split(", ").collect();
        assert!(allowed.contains(&row.method), "{}: {allowed:?}", case.name);
        assert_eq!(allowed.contains(&"HEAD"), allowed.contains(&"GET"));
    }
}
