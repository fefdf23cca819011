//! The settings of the function, from its environment.

use std::time::Duration;

use crate::http::public_url::PublicUrl;

/// Settings of the function.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `TABLE_NAME`: the DynamoDB table.
    pub table_name: String,
    /// `PUBLIC_URL`: the service's address as clients see it; `None` takes it from each event.
    pub public_url: Option<PublicUrl>,
    /// `IDENTITY_CACHE_SECONDS`: how long a warm process caches tokens and projects; 0 disables the
    /// cache. Default 30.
    pub identity_cache: Duration,
    /// `DOWNLOAD_CACHE_SECONDS`: how long anyone may cache the redirect of a public project.
    /// Default 60.
    pub download_max_age: Duration,
    /// `SHARED_CACHE_SECONDS`: how long caches that several clients share may keep such a redirect.
    /// Default: as long as anyone.
    pub shared_max_age: Option<Duration>,
    /// `LATEST_CACHE_SECONDS`: how long anyone may cache the redirect of a public project to its
    /// latest release. Default 5.
    pub latest_max_age: Duration,
    /// `WARM_UP_SECONDS`: how long startup may wait for the connection to DynamoDB; 0 leaves it to
    /// the first request. Default 3.
    pub warm_up: Duration,
}

/// A missing or malformed setting, in one sentence for the operator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} {problem}")]
pub struct ConfigError {
    name: &'static str,
    problem: String,
}

impl ConfigError {
    /// An error of this setting. `problem` completes the sentence: it says what is wrong and what
    /// to do.
    pub fn new(name: &'static str, problem: impl Into<String>) -> Self {
        Self {
            name,
            problem: problem.into(),
        }
    }
}

/// Reads `TABLE_NAME`, which the operator's command needs too.
///
/// # Errors
///
/// It is missing.
pub fn table_name(get: impl Fn(&str) -> Option<String>) -> Result<String, ConfigError> {
    let missing = || {
        ConfigError::new(
            "TABLE_NAME",
            "is not set: set it to the name of the DynamoDB table",
        )
    };
    get("TABLE_NAME")
        .filter(|name| !name.is_empty())
        .ok_or_else(missing)
}

/// Reads `IDENTITY_CACHE_SECONDS`, which the operator's command needs too.
///
/// # Errors
///
/// It is malformed.
pub fn identity_cache(get: impl Fn(&str) -> Option<String>) -> Result<Duration, ConfigError> {
    seconds(get, "IDENTITY_CACHE_SECONDS", 30)
}

/// Reads `PUBLIC_URL`, which the operator's command uses too.
///
/// # Errors
///
/// It is malformed.
pub fn public_url(get: impl Fn(&str) -> Option<String>) -> Result<Option<PublicUrl>, ConfigError> {
    let text = get("PUBLIC_URL").filter(|text| !text.is_empty());
    let parse = |text: String| {
        PublicUrl::parse(&text).map_err(|problem| {
            let example = "set it to an address such as https://links.example.com";
            ConfigError::new("PUBLIC_URL", format!("is '{text}': {problem}; {example}"))
        })
    };
    text.map(parse).transpose()
}

fn seconds(
    get: impl Fn(&str) -> Option<String>,
    name: &'static str,
    default: u64,
) -> Result<Duration, ConfigError> {
    let Some(text) = get(name) else {
        return Ok(Duration::from_secs(default));
    };
    text.parse()
        .map(|seconds: u32| Duration::from_secs(seconds.into()))
        .map_err(|_| {
            ConfigError::new(
                name,
                format!("is '{text}': set it to a whole number of seconds, such as {default}"),
            )
        })
}

impl Settings {
    /// Reads the settings through `get`, which stands for the environment.
    ///
    /// # Errors
    ///
    /// The first setting that is missing or malformed.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        Ok(Self {
            table_name: table_name(&get)?,
            public_url: public_url(&get)?,
            identity_cache: identity_cache(&get)?,
            download_max_age: seconds(&get, "DOWNLOAD_CACHE_SECONDS", 60)?,
            shared_max_age: match get("SHARED_CACHE_SECONDS") {
                Some(_) => Some(seconds(&get, "SHARED_CACHE_SECONDS", 600)?),
                None => None,
            },
            latest_max_age: seconds(&get, "LATEST_CACHE_SECONDS", 5)?,
            warm_up: seconds(&get, "WARM_UP_SECONDS", 3)?,
        })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// An environment with these variables.
    pub(crate) fn environment(settings: &[(&str, &str)]) -> impl Fn(&str) -> Option<String> {
        |name| {
            let setting = settings.iter().find(|(other, _)| *other == name);
            setting.map(|(_, value)| (*value).to_owned())
        }
    }

    fn read(settings: &[(&str, &str)]) -> Result<Settings, String> {
        Settings::read(environment(settings)).map_err(|error| error.to_string())
    }

    #[test]
    fn only_the_table_name_is_required() {
        let config = read(&[("TABLE_NAME", "links")]).unwrap();
        assert_eq!(config.table_name, "links");
        assert_eq!(config.public_url, None);
        let seconds = [
            config.identity_cache,
            config.download_max_age,
            config.latest_max_age,
            config.warm_up,
        ]
        .map(|time| time.as_secs());
        assert_eq!(seconds, [30, 60, 5, 3]);
        assert_eq!(config.shared_max_age, None);
    }

    #[test]
    fn the_error_of_a_setting_names_its_remedy() {
        assert_eq!(
            read(&[]).unwrap_err(),
            "TABLE_NAME is not set: set it to the name of the DynamoDB table"
        );
        assert_eq!(
            read(&[("TABLE_NAME", "links"), ("IDENTITY_CACHE_SECONDS", "soon")]).unwrap_err(),
            "IDENTITY_CACHE_SECONDS is 'soon': set it to a whole number of seconds, such as 30"
        );
        assert_eq!(
            read(&[("TABLE_NAME", "links"), ("PUBLIC_URL", "links.example.com")]).unwrap_err(),
            "PUBLIC_URL is 'links.example.com': it is not a URL: relative URL without a base; set it to an address such as https://links.example.com"
        );
    }
}
