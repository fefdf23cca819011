//! Raw paths, and the operations and parameters that they name.

use super::*;

const UNKNOWN: &str = r#"404 Not Found {"error":"404 Not Found"}"#;

/// The operation with its parameters, or the error.
fn describe(found: Result<Found, ApiError>) -> String {
    match found {
        Ok(Found::Endpoint(endpoint)) => {
            let values = endpoint.captures.iter();
            let values = values.map(|(name, text)| format!(" {name}={text}"));
            let name = endpoint.row.facts.name;
            let without = endpoint.project_without_prefix;
            let without = without.map(|project| format!(" or id={project}"));
            format!(
                "{name}{}{}",
                values.collect::<String>(),
                without.unwrap_or_default()
            )
        }
        Ok(Found::Options(methods)) => methods,
        Err(error) => error.to_string(),
    }
}

/// Asserts what each method and path name. A line has the method, the path, and after an arrow the
/// operation.
fn assert_found(table: &str) {
    for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (request, expected) = line.split_once(" -> ").unwrap();
        let (method, path) = request.trim().split_once(' ').unwrap();
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        assert_eq!(
            describe(find(&method, path.trim(), "")),
            expected.trim(),
            "{line}"
        );
    }
}

#[test]
fn encoded_and_decoded_paths_of_links_name_the_same() {
    assert_found(
        "GET /api/v4/projects/a%2Fb%2Fc/releases/rel%2F1.0%20x/assets/links -> list_links id=a/b/c tag_name=rel/1.0 x
         GET /api/v4/projects/a/b/c/releases/rel/1.0 x/assets/links -> list_links id=a/b/c tag_name=rel/1.0 x
         GET /api/v4//projects/a%2Fb%2fc/releases/rel%2F1%2E0%20x/assets/links/ -> list_links id=a/b/c tag_name=rel/1.0 x
         POST /api/v4/projects/a/b/releases/w/v1/assets/links -> create_link id=a/b tag_name=w/v1
         PUT /api/v4/projects/a%2Fb/releases/w%2Fv1/assets/links/7 -> update_link id=a/b tag_name=w/v1 link_id=7",
    );
}

#[test]
fn tags_with_special_characters_are_not_split() {
    for (path, tag) in [
        ("v1+b", "v1+b"),
        ("v1.json", "v1.json"),
        ("100%", "100%"),
        ("%C3%A9", "é"),
        ("..", ".."),
        ("a/releases/b", "a/releases/b"),
        ("a/assets/links/b", "a/assets/links/b"),
        ("a?b#c\\d", "a?b#c\\d"),
    ] {
        let path = format!("/api/v4/projects/24/releases/{path}/assets/links");
        let expected = format!("list_links id=24 tag_name={tag}");
        assert_eq!(describe(find(&Method::GET, &path, "")), expected, "{path}");
    }
}

#[test]
fn a_page_is_found_by_every_form_of_its_path() {
    assert_found(
        "GET / -> home
         GET // -> home
         GET /robots.txt -> robots
         GET /favicon.ico -> favicon
         GET /a/b/-/releases -> releases_page id=a/b
         GET /a/b/-/releases/ -> releases_page id=a/b
         GET /a/b/-/releases// -> releases_page id=a/b
         GET /a%2Fb/-/releases -> releases_page id=a/b
         GET /a/b.atom/-/releases -> releases_page id=a/b.atom
         HEAD /a/b/-/releases.atom -> feed id=a/b
         GET /a/b/-/releases/v1 -> release_page id=a/b tag_name=v1
         GET /a/b/-/releases/v1%2F2 -> release_page id=a/b tag_name=v1/2
         GET /a/b/-/releases/v1/2 -> release_page id=a/b tag_name=v1/2
         GET /a/b/-/releases/v1#%3Fx -> release_page id=a/b tag_name=v1#?x
         GET /a/b/-/releases/.. -> release_page id=a/b tag_name=..
         GET /a/b/-/releases/v1/downloads -> release_page id=a/b tag_name=v1/downloads
         GET /a/b/-/releases/v1/assets/links -> release_page id=a/b tag_name=v1/assets/links
         GET /a/b/-/releases/v1/downloads/x -> download id=a/b tag_name=v1 filepath=x
         GET /a/b/-/releases/permalink/latest -> latest_page id=a/b suffix_path=
         GET /a/b/-/releases/permalink/latestfoo -> release_page id=a/b tag_name=permalink/latestfoo
         GET /a/b -> project_page id=a/b
         GET /a/b/c.atom/ -> project_page id=a/b/c.atom
         GET /a%2Fb -> project_page id=a/b
         GET //evil.example/x -> project_page id=evil.example/x",
    );
}

#[test]
fn what_is_no_page_stays_an_unknown_route() {
    for path in [
        "/a",
        "/24",
        "/-/releases",
        "/-/releases.atom",
        "/api/-/releases",
        "/api/-/releases/v1",
        "/API/x",
        "/api/x",
        "/a/releases",
        "/a/b/-/tags",
        "/a/b/-/releases.json",
        "/a/.git/config",
        "/wp-login.php/x",
        "/wp/index.php",
        "/group/app/info/refs",
        "/prefix/api/v4/user",
        "/a/b c",
        "/robots.txt/-",
    ] {
        let found = describe(find(&Method::GET, path, ""));
        assert_eq!(found, describe(Err(ApiError::UnknownRoute)), "{path}");
    }
}

#[test]
fn pages_have_no_other_methods_than_get_and_head() {
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"] {
        for path in [
            "/",
            "/robots.txt",
            "/a/b",
            "/a/b/-/releases",
            "/a/b/-/releases/v1",
        ] {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let found = describe(find(&method, path, ""));
            assert_eq!(
                found,
                describe(Err(ApiError::UnknownRoute)),
                "{method} {path}"
            );
        }
    }
}

/// The gateway may keep the prefix `/gl` or remove it. The address of a project, which nearly any
/// path could be, comes after every route with and without the prefix.
#[test]
fn the_address_of_a_project_is_tried_last() {
    for (path, expected) in [
        ("/gl", "home"),
        ("/gl/", "home"),
        ("/", "home"),
        ("/gl/robots.txt", "robots"),
        ("/gl/api/v4/projects/24", "get_project id=24"),
        ("/api/v4/projects/24", "get_project id=24"),
        ("/gl/api/v4/user", "current_user"),
        ("/gl/a/b", "project_page id=a/b"),
        ("/a/b", "project_page id=a/b"),
        ("/gl/a", "project_page id=gl/a"),
        ("/gl/apis/x", "project_page id=apis/x"),
        ("/gl/api", UNKNOWN),
        ("/gl/api/x", UNKNOWN),
        ("/gl/api/v5/projects", UNKNOWN),
        ("/gl//%61pi/v4", UNKNOWN),
        ("/gl/a/b/-/releases", "releases_page id=gl/a/b or id=a/b"),
        (
            "/gl/a/b/-/releases/v1",
            "release_page id=gl/a/b tag_name=v1 or id=a/b",
        ),
    ] {
        assert_eq!(
            describe(find(&Method::GET, path, "/gl")),
            expected,
            "{path}"
        );
    }
    let v3 = describe(find(&Method::GET, "/gl/api/v3/x", "/gl"));
    assert_eq!(v3, describe(Err(ApiError::ApiV3)));
}

#[test]
fn a_format_suffix_is_not_part_of_a_parameter() {
    assert_found(
        "GET  /api/v4/projects/24/releases/v1/assets/links/1.json -> get_link id=24 tag_name=v1 link_id=1
         GET  /api/v4/projects/24/releases/v1/assets/links/1.5 -> get_link id=24 tag_name=v1 link_id=1
         GET  /api/v4/projects/24/releases/v1/assets/links.json -> list_links id=24 tag_name=v1 format=json
         GET  /api/v4/projects/a/b/releases.json -> list_releases id=a/b format=json
         POST /api/v4/projects/24/releases.json -> create_release id=24 format=json
         GET  /api/v4/projects/24/members/all/1.json -> get_member id=24 user_id=1
         GET  /api/v4/projects/a/b/repository/branches.json -> list_branches id=a/b format=json
         GET  /api/v4/user.json -> current_user format=json",
    );
}

#[test]
fn encoded_and_decoded_paths_of_releases_name_the_same() {
    assert_found(
        "GET /api/v4/projects/a%2Fb/releases/ -> list_releases id=a/b
         GET /api/v4/projects/a/b/releases -> list_releases id=a/b
         GET /api/v4/projects/a%2Fb/releases/w%2Fv1 -> get_release id=a/b tag_name=w/v1
         GET /api/v4/projects/a/b/releases/w/v1/ -> get_release id=a/b tag_name=w/v1
         GET /api/v4/projects/a/b/releases/v1.json -> get_release id=a/b tag_name=v1.json
         PUT /api/v4/projects/a/b/releases/permalink -> update_release id=a/b tag_name=permalink
         DELETE /api/v4/projects/a/b/releases/v1/releases -> delete_release id=a/b tag_name=v1/releases",
    );
}

#[test]
fn encoded_and_decoded_paths_of_downloads_name_the_same() {
    assert_found(
        "GET /api/v4/projects/a%2Fb/releases/w%2Fv1/downloads/bin%2Fx -> download_asset id=a/b tag_name=w/v1 direct_asset_path=bin/x
         GET /api/v4/projects/a/b/releases/w/v1/downloads/bin/x -> download_asset id=a/b tag_name=w/v1 direct_asset_path=bin/x
         GET /api/v4/projects/a/b/releases/downloads/downloads/x -> download_asset id=a/b tag_name=downloads direct_asset_path=x
         GET /api/v4/projects/a/b/releases/permalink/latest -> latest id=a/b suffix_path=
         GET /api/v4/projects/a/b/releases/permalink/latest/downloads/x -> latest id=a/b suffix_path=downloads/x
         GET /group/app/-/releases/v0.1/downloads/bin/x.exe -> download id=group/app tag_name=v0.1 filepath=bin/x.exe
         GET /group/app/-/releases/rel%2F1/downloads/bin/x.exe -> download id=group/app tag_name=rel/1 filepath=bin/x.exe
         GET /group/app/-/releases/rel/1/downloads/bin/x.exe -> download id=group/app tag_name=rel/1 filepath=bin/x.exe
         GET /a/b/-/releases/permalink/latest -> latest_page id=a/b suffix_path=
         GET /a/b/-/releases/permalink/latest/downloads/bin/x -> latest_page id=a/b suffix_path=downloads/bin/x",
    );
}

/// A tag in the table may end in `/downloads`, so the links of its release can be written.
#[test]
fn a_filepath_may_end_like_a_path_to_links() {
    let path = "/api/v4/projects/24/releases/v1/downloads/assets/links/7";
    let download = "download_asset id=24 tag_name=v1 direct_asset_path=assets/links/7";
    for (method, expected) in [
        (Method::GET, download),
        (Method::HEAD, download),
        (Method::OPTIONS, "OPTIONS, GET, HEAD"),
        (
            Method::DELETE,
            "delete_link id=24 tag_name=v1/downloads link_id=7",
        ),
    ] {
        assert_eq!(describe(find(&method, path, "")), expected, "{method}");
    }
}

#[test]
fn a_prefix_may_be_a_part_of_the_path() {
    for (path, expected) in [
        (
            "/gl/api/v4/projects/24/releases/-/releases/x/downloads/bin/x.exe",
            "download_asset id=24 tag_name=-/releases/x direct_asset_path=bin/x.exe",
        ),
        ("/gl/api/v4/user", "current_user"),
        ("/api/v4/user", "current_user"),
        (
            "/gl/app/-/releases/v1/downloads/x",
            "download id=gl/app tag_name=v1 filepath=x or id=app",
        ),
    ] {
        assert_eq!(
            describe(find(&Method::GET, path, "/gl")),
            expected,
            "{path}"
        );
    }
}

#[test]
fn the_methods_of_a_path_are_those_of_its_operations() {
    assert_found(
        "OPTIONS /api/v4/projects/24/releases/v1/assets/links -> OPTIONS, GET, POST, HEAD
         OPTIONS /api/v4/projects/24/releases/v1/assets/links/1 -> OPTIONS, GET, PUT, DELETE, HEAD
         OPTIONS /api/v4/projects/24/releases -> OPTIONS, GET, POST, HEAD
         OPTIONS /api/v4/projects/24/releases/v1 -> OPTIONS, GET, PUT, DELETE, HEAD
         OPTIONS /api/v4/projects/24 -> OPTIONS, GET, HEAD
         OPTIONS /api/v4/version -> OPTIONS, GET, HEAD",
    );
}

#[test]
fn other_paths_and_methods_are_unknown() {
    for request in [
        "GET /api/v4",
        "GET /api/v4/projects",
        "GET /api/v4/projects/24/releases/v1/assets",
        "GET /api/v5/projects/24/releases/v1/assets/links",
        "GET /api/v4/projects/releases/v1/assets/links",
        "GET /api/v4/projects/24/releases/assets/links",
        "GET /api/v4/projects/24/releases/v1/assets/links/1/2",
        "GET /api/v4/projects/24/unknown",
        "GET /-/releases/v1/downloads/x",
        "OPTIONS /a/b/-/releases/permalink/latest",
        "POST /a/b/-/releases/v1/downloads/x",
        "DELETE /api/v4/projects/24/releases/permalink/latest",
        "PUT /api/v4/projects/24/releases/v1/assets/links.json",
        "PATCH /api/v4/projects/24/releases/v1/assets/links/1",
    ] {
        let (method, path) = request.split_once(' ').unwrap();
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        assert_eq!(describe(find(&method, path, "")), UNKNOWN, "{request}");
    }
    let v3 = find(&Method::GET, "/api/v3/projects", "");
    assert_eq!(v3.unwrap_err(), ApiError::ApiV3);
}

#[test]
fn paths_with_invalid_utf8_or_nul_bytes_are_malformed() {
    for path in ["/api/v4/projects/%ff/releases", "/api/v4/%00"] {
        let found = find(&Method::GET, path, "");
        assert!(matches!(found, Err(ApiError::Malformed(_))), "{path}");
    }
}
