//! The service's address as clients see it, and the URLs below it.

use lambda_http::http::{HeaderMap, HeaderValue, header};
use lambda_http::request::RequestContext;
use url::Url;

use super::paths;
use super::pattern::Pattern;
use crate::project::Project;

/// Scheme, host, optional port and path prefix of the service, without a slash at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl {
    base: String,
    prefix: String,
}

impl PublicUrl {
    /// Reads the setting `PUBLIC_URL`.
    ///
    /// # Errors
    ///
    /// One sentence for the operator, if the value is not an http or https URL, or has a query, a
    /// fragment or user information.
    pub fn parse(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|error| format!("it is not a URL: {error}"))?;
        let is_plain = url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        if !matches!(url.scheme(), "http" | "https") || !is_plain {
            return Err(
                "it must be an http or https URL without user information, query or fragment"
                    .to_owned(),
            );
        }
        let base = url.as_str().trim_end_matches('/').to_owned();
        Ok(Self {
            base,
            prefix: url.path().trim_end_matches('/').to_owned(),
        })
    }

    /// The address that an event names: the scheme, the domain name and the stage. A load
    /// balancer's event has no domain name, so the `Host` header replaces it there. The scheme is
    /// https unless a load balancer says otherwise.
    #[must_use]
    pub fn from_event(
        context: Option<&RequestContext>,
        headers: &HeaderMap,
        raw_path: &str,
    ) -> Self {
        let (domain_name, stage) = domain_name_and_stage(context, raw_path);
        let host = domain_name
            .or_else(|| headers.get(header::HOST)?.to_str().ok())
            .unwrap_or("localhost");
        let scheme = match headers.get("x-forwarded-proto").map(HeaderValue::as_bytes) {
            Some(b"http") if domain_name.is_none() => "http",
            Some(_) | None => "https",
        };
        let base = format!("{scheme}://{host}{stage}");
        let prefix = if matches!(context, Some(RequestContext::ApiGatewayV1(_))) {
            String::new()
        } else {
            stage
        };
        Self { base, prefix }
    }

    /// The path prefix that a request's path may carry; a gateway may also have removed it.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The path of a URL, if it is the URL of this service. The scheme does not matter, because
    /// gateways redirect from http to https.
    #[must_use]
    pub fn path_of<'a>(&self, url: &'a Url) -> Option<&'a str> {
        let is_web = matches!(url.scheme(), "http" | "https");
        let base = Url::parse(&self.base).ok()?;
        let is_same = host(&base) == host(url) && base.port() == url.port();
        (is_web && is_same).then(|| url.path())
    }

    /// The absolute URL of an endpoint with these values of its parameters.
    #[must_use]
    pub fn endpoint(&self, pattern: Pattern, values: &[(&str, &str)]) -> String {
        format!("{}{}", self.base, pattern.fill(values))
    }

    /// The absolute URL of a release on the web.
    #[must_use]
    pub fn release(&self, project: &Project, tag: &str) -> String {
        let values = [("id", project.path.as_str()), ("tag_name", tag)];
        self.endpoint(paths::RELEASE_PAGE, &values)
    }

    /// The absolute URL of the page about the service, with a slash at its end.
    #[must_use]
    pub fn home(&self) -> String {
        format!("{}/", self.base)
    }

    /// The absolute URL of the page with a project's releases.
    #[must_use]
    pub fn releases(&self, project: &Project) -> String {
        self.releases_of(project.path.as_str())
    }

    /// The same URL, from the path of a project.
    #[must_use]
    pub fn releases_of(&self, path: &str) -> String {
        self.endpoint(paths::RELEASES_PAGE, &[("id", path)])
    }

    /// The absolute URL of the feed of a project's releases.
    #[must_use]
    pub fn feed(&self, project: &Project) -> String {
        self.endpoint(paths::FEED, &[("id", project.path.as_str())])
    }

    /// The absolute URL of the API's list of a release's links.
    #[must_use]
    pub fn links(&self, project: &Project, tag: &str) -> String {
        let values = [("id", project.path.as_str()), ("tag_name", tag)];
        self.endpoint(paths::LINKS, &values)
    }

    /// The absolute URL of the API's list of a project's releases.
    #[must_use]
    pub fn releases_in_api(&self, project: &Project) -> String {
        self.endpoint(paths::RELEASES, &[("id", project.path.as_str())])
    }

    /// The absolute URL of a release in the API.
    #[must_use]
    pub fn release_in_api(&self, project: &Project, tag: &str) -> String {
        let values = [("id", project.path.as_str()), ("tag_name", tag)];
        self.endpoint(paths::RELEASE, &values)
    }

    /// The absolute URL of the description of the API.
    #[must_use]
    pub fn openapi(&self) -> String {
        self.endpoint(paths::OPENAPI, &[])
    }

    /// The path of an endpoint with these values of its parameters, with the service's prefix.
    #[must_use]
    pub fn path(&self, pattern: Pattern, values: &[(&str, &str)]) -> String {
        format!("{}{}", self.base_path(), pattern.fill(values))
    }

    /// The path of the service's address, without a slash at the end.
    #[must_use]
    pub fn base_path(&self) -> &str {
        let authority = self.base.find("://").map_or(0, |scheme| scheme + 3);
        let path = self.base[authority..].find('/');
        path.map_or("", |path| &self.base[authority + path..])
    }

    /// The web page of a project. A link is external if its URL is not below this page (H1).
    #[must_use]
    pub fn project(&self, project: &Project) -> String {
        format!("{}/{}", self.base, project.path)
    }

    /// The web page of a token's holder, in GitLab's form.
    #[must_use]
    pub fn user(&self, username: &str) -> String {
        format!("{}/{username}", self.base)
    }

    /// The beginning of the permanent URLs of a release's links: a link's filepath follows (G1).
    #[must_use]
    pub fn downloads(&self, project: &Project, tag: &str) -> String {
        let values = [("id", project.path.as_str()), ("tag_name", tag)];
        self.endpoint(paths::DOWNLOAD, &values)
    }
}

/// The domain name and the stage of the event, the stage with a slash in front.
fn domain_name_and_stage<'a>(
    context: Option<&'a RequestContext>,
    raw_path: &str,
) -> (Option<&'a str>, String) {
    match context {
        // A REST API removes the stage from the path; the context has the full path.
        Some(RequestContext::ApiGatewayV1(context)) => {
            let path = context.path.as_deref();
            let stage = path.and_then(|path| path.strip_suffix(raw_path));
            let stage = stage.unwrap_or_default().to_owned();
            (context.domain_name.as_deref(), stage)
        }
        Some(RequestContext::ApiGatewayV2(context)) => {
            let stage = context.stage.as_deref();
            let stage = stage.filter(|stage| *stage != "$default");
            let stage = stage.map(|stage| format!("/{stage}"));
            (context.domain_name.as_deref(), stage.unwrap_or_default())
        }
        Some(_) | None => (None, String::new()),
    }
}

/// The host of a URL, without the dot that may end a domain name.
fn host(url: &Url) -> Option<&str> {
    let host = url.host_str()?;
    Some(host.strip_suffix('.').unwrap_or(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_url_keeps_its_prefix() {
        let public_url = PublicUrl::parse("https://example.com/gl/").unwrap();
        let release = [("id", "group/app"), ("tag_name", "v0.1")];
        let links = "https://example.com/gl/api/v4/projects/group%2Fapp/releases/v0.1/assets/links";
        assert_eq!(public_url.endpoint(paths::LINKS, &release), links);
        assert_eq!(public_url.prefix(), "/gl");
    }

    #[test]
    fn a_url_of_the_service_is_known_in_every_spelling() {
        let public_url = PublicUrl::parse("https://bücher.example/gl").unwrap();
        let path_of = |url| {
            public_url
                .path_of(&Url::parse(url).unwrap())
                .map(str::to_owned)
        };
        for url in [
            "https://bücher.example/gl/a",
            "https://BÜCHER.example./gl/a",
            "https://user:password@xn--bcher-kva.example:443/gl/a?b#c",
            "http://bücher.example:80/x/%2e%2e/gl/a",
        ] {
            assert_eq!(path_of(url).as_deref(), Some("/gl/a"), "{url}");
        }
        for url in [
            "https://bücher.example:80/gl/a",
            "https://www.bücher.example/gl/a",
            "ftp://bücher.example/gl/a",
        ] {
            assert_eq!(path_of(url), None, "{url}");
        }
    }

    #[test]
    fn an_invalid_public_url_is_rejected() {
        for text in [
            "",
            "example.com",
            "ftp://example.com",
            "https://example.com/?a=b",
            "https://user@example.com",
        ] {
            assert!(PublicUrl::parse(text).is_err(), "{text}");
        }
    }
}
