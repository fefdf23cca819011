//! Routes of raw paths.

use super::*;

fn release_of(project: &str, tag: &str) -> ReleasePath {
    ReleasePath::new(project, tag)
}

fn get(path: &str) -> Result<Route, ApiError> {
    parse(&Method::GET, path)
}

#[test]
fn encoded_and_decoded_paths_have_the_same_route() {
    for path in [
        "/api/v4/projects/a%2Fb%2Fc/releases/rel%2F1.0%20x/assets/links",
        "/api/v4/projects/a/b/c/releases/rel/1.0 x/assets/links",
        "/api/v4//projects/a%2Fb%2fc/releases/rel%2F1%2E0%20x/assets/links/",
    ] {
        let list = Route::Release(release_of("a/b/c", "rel/1.0 x"), Endpoint::ListLinks(None));
        assert_eq!(get(path), Ok(list), "{path}");
    }
}

#[test]
fn tags_with_special_characters_are_not_split() {
    for (path, tag) in [
        ("24/releases/v1+b/assets/links", "v1+b"),
        ("24/releases/v1.json/assets/links", "v1.json"),
        ("24/releases/100%/assets/links", "100%"),
        ("24/releases/%C3%A9/assets/links", "é"),
        ("24/releases/../assets/links", ".."),
        ("24/releases/a/releases/b/assets/links", "a/releases/b"),
        (
            "24/releases/a/assets/links/b/assets/links",
            "a/assets/links/b",
        ),
        ("24/releases/a?b#c\\d/assets/links", "a?b#c\\d"),
    ] {
        assert_eq!(
            get(&format!("/api/v4/projects/{path}")),
            Ok(Route::Release(
                release_of("24", tag),
                Endpoint::ListLinks(None)
            )),
            "{path}"
        );
    }
}

#[test]
fn a_format_suffix_is_not_part_of_the_link_id() {
    let link = |link: &str| {
        Ok(Route::Release(
            release_of("24", "v1"),
            Endpoint::GetLink(link.to_owned()),
        ))
    };
    assert_eq!(
        get("/api/v4/projects/24/releases/v1/assets/links/1.json"),
        link("1")
    );
    assert_eq!(
        get("/api/v4/projects/24/releases/v1/assets/links/1.5"),
        link("1")
    );
    assert_eq!(
        get("/api/v4/projects/24/releases/v1/assets/links.json"),
        Ok(Route::Release(
            release_of("24", "v1"),
            Endpoint::ListLinks(Some("json".to_owned()))
        ))
    );
}

#[test]
fn a_download_names_project_tag_and_filepath() {
    let download = |tag: &str| {
        Ok(Route::Release(
            release_of("group/app", tag),
            Endpoint::Download("/bin/x.exe".to_owned()),
        ))
    };
    assert_eq!(
        get("/group/app/-/releases/v0.1/downloads/bin/x.exe"),
        download("v0.1")
    );
    assert_eq!(
        get("/group/app/-/releases/rel%2F1/downloads/bin/x.exe"),
        download("rel/1")
    );
    assert_eq!(
        get("/group/app/-/releases/rel/1/downloads/bin/x.exe"),
        download("rel/1")
    );
}

/// Asserts the route of a path below the project `a/b`, encoded and decoded.
fn assert_routes(encoded: &str, decoded: &str, route: Route) {
    for path in [format!("a%2Fb/{encoded}"), format!("a/b/{decoded}")] {
        assert_eq!(
            get(&format!("/api/v4/projects/{path}")),
            Ok(route.clone()),
            "{path}"
        );
    }
}

#[test]
fn encoded_and_decoded_paths_of_releases_have_the_same_route() {
    for (encoded, decoded, tag) in [
        ("v1", "v1/", "v1"),
        ("v1.json", "v1.json", "v1.json"),
        ("w%2Fv1", "w/v1", "w/v1"),
        ("permalink", "permalink", "permalink"),
        ("v1/releases", "v1/releases", "v1/releases"),
    ] {
        let route = Route::Release(release_of("a/b", tag), Endpoint::GetRelease);
        assert_routes(
            &format!("releases/{encoded}"),
            &format!("releases/{decoded}"),
            route,
        );
    }
    for (list, format) in [
        ("releases", None),
        ("releases/", None),
        ("releases.json", Some("json")),
    ] {
        let list_releases = ProjectEndpoint::ListReleases(format.map(str::to_owned));
        let route = Route::Project("a/b".to_owned(), list_releases);
        assert_routes(list, list, route);
    }
}

#[test]
fn encoded_and_decoded_paths_of_downloads_have_the_same_route() {
    for (encoded, decoded, tag, filepath) in [
        (
            "w%2Fv1/downloads/bin%2Fx",
            "w/v1/downloads/bin/x",
            "w/v1",
            "/bin/x",
        ),
        (
            "downloads/downloads/x",
            "downloads/downloads/x",
            "downloads",
            "/x",
        ),
    ] {
        let endpoint = Endpoint::DownloadAsset(filepath.to_owned());
        let route = Route::Release(release_of("a/b", tag), endpoint);
        assert_routes(
            &format!("releases/{encoded}"),
            &format!("releases/{decoded}"),
            route,
        );
    }
    for (path, suffix) in [("", vec![]), ("/downloads/x", vec!["downloads", "x"])] {
        let path = format!("releases/permalink/latest{path}");
        let suffix = suffix.into_iter().map(str::to_owned).collect();
        let route = Route::Project("a/b".to_owned(), ProjectEndpoint::Latest(suffix));
        assert_routes(&path, &path, route);
    }
}

/// A tag in the table may end in `/downloads`, so the links of its release can be written.
#[test]
fn a_filepath_may_end_like_a_path_to_links() {
    let path = "/api/v4/projects/24/releases/v1/downloads/assets/links/7";
    let endpoint = Endpoint::DownloadAsset("/assets/links/7".to_owned());
    let download = Route::Release(release_of("24", "v1"), endpoint);
    assert_eq!(get(path), Ok(download.clone()));
    assert_eq!(parse(&Method::HEAD, path), Ok(download));
    let options = Route::Options("OPTIONS, GET, HEAD");
    assert_eq!(parse(&Method::OPTIONS, path), Ok(options));
    let endpoint = Endpoint::DeleteLink("7".to_owned());
    let deletion = Route::Release(release_of("24", "v1/downloads"), endpoint);
    assert_eq!(parse(&Method::DELETE, path), Ok(deletion));
}

#[test]
fn a_path_of_the_api_behind_a_prefix_is_no_path_of_the_web() {
    let tag = "-/releases/x";
    let path = format!("/gl/api/v4/projects/24/releases/{tag}/downloads/bin/x.exe");
    let endpoint = Endpoint::DownloadAsset("/bin/x.exe".to_owned());
    let download = Route::Release(release_of("24", tag), endpoint);
    assert_eq!(find(&Method::GET, &path, "/gl"), Ok(download));
}

#[test]
fn the_web_has_permalinks_to_the_latest_release() {
    for (path, suffix) in [
        ("", vec![]),
        ("/downloads/bin/x", vec!["downloads", "bin", "x"]),
    ] {
        let path = format!("/a/b/-/releases/permalink/latest{path}");
        let suffix = suffix.into_iter().map(str::to_owned).collect();
        let route = Route::Release(release_of("a/b", ""), Endpoint::LatestPage(suffix));
        assert_eq!(get(&path), Ok(route), "{path}");
    }
    for path in [
        "/a/b/-/releases/v1",
        "/a/b/-/releases",
        "/a/b/-/releases/permalink",
    ] {
        assert_eq!(get(path), Err(ApiError::UnknownRoute), "{path}");
    }
}

#[test]
fn unsupported_paths_and_methods_are_unknown_routes() {
    for path in [
        "/",
        "/api/v4",
        "/api/v4/projects",
        "/api/v4/projects/24/releases/v1/assets",
        "/api/v5/projects/24/releases/v1/assets/links",
        "/api/v4/projects/releases/v1/assets/links",
        "/api/v4/projects/24/releases/assets/links",
        "/api/v4/projects/24/releases/v1/assets/links/1/2",
        "/group/app/-/releases/v1/downloads/",
        "/-/releases/v1/downloads/x",
    ] {
        assert_eq!(get(path), Err(ApiError::UnknownRoute), "{path}");
    }
    assert_eq!(
        parse(
            &Method::PATCH,
            "/api/v4/projects/24/releases/v1/assets/links/1"
        ),
        Err(ApiError::UnknownRoute)
    );
    assert_eq!(get("/api/v3/projects"), Err(ApiError::ApiV3));
}

#[test]
fn paths_with_invalid_utf8_or_nul_bytes_are_malformed() {
    for path in ["/api/v4/projects/%ff/releases", "/api/v4/%00"] {
        assert!(matches!(get(path), Err(ApiError::Malformed(_))), "{path}");
    }
}
