//! The SDK's settings, from the variables of the environment that the SDK defines.
//!
//! All of `aws-config` would also read profiles, files and services that a function does not have,
//! and would make up a third of the bootstrap.

use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_sdk_dynamodb::config::{
    BehaviorVersion, Builder, Region, SharedCredentialsProvider, SharedHttpClient,
};
use url::Url;

use super::{RootStore, https_client};
use crate::config::ConfigError;

/// Reads the SDK's settings through `get`, which stands for the environment. The region comes from
/// `AWS_REGION` or `AWS_DEFAULT_REGION`. The credentials come from the environment or from a
/// container's credentials endpoint. `AWS_ENDPOINT_URL_DYNAMODB`, `AWS_ENDPOINT_URL`,
/// `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS`, `AWS_USE_FIPS_ENDPOINT` and `AWS_USE_DUALSTACK_ENDPOINT`
/// set the endpoint of DynamoDB
/// (<https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html>).
///
/// # Errors
///
/// The first setting that is missing or malformed.
pub fn sdk_config(get: impl Fn(&str) -> Option<String>) -> Result<Builder, ConfigError> {
    let get = |name: &str| get(name).filter(|text| !text.is_empty());
    let region = get("AWS_REGION")
        .or_else(|| get("AWS_DEFAULT_REGION"))
        .ok_or_else(|| {
            ConfigError::new(
                "AWS_REGION",
                "is not set: set it to the region of the table",
            )
        })?;
    let endpoint = endpoint_url(get)?;
    let https = https_client(RootStore::choose(get, &region, endpoint.as_ref()));
    let mut sdk = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region))
        .credentials_provider(credentials(get, &https)?)
        .http_client(https);
    sdk.set_endpoint_url(endpoint.map(|url| url.as_str().trim_end_matches('/').to_owned()));
    sdk.set_use_fips(switch(get, "AWS_USE_FIPS_ENDPOINT")?);
    sdk.set_use_dual_stack(switch(get, "AWS_USE_DUALSTACK_ENDPOINT")?);
    Ok(sdk)
}

/// Lambda passes credentials in environment variables. A container gets the URL of a credentials
/// endpoint.
fn credentials(
    get: impl Fn(&str) -> Option<String>,
    https: &SharedHttpClient,
) -> Result<SharedCredentialsProvider, ConfigError> {
    if get("AWS_ACCESS_KEY_ID").is_some() {
        return match get("AWS_SECRET_ACCESS_KEY") {
            Some(_) => Ok(SharedCredentialsProvider::new(
                EnvironmentVariableCredentialsProvider::new(),
            )),
            None => Err(ConfigError::new(
                "AWS_SECRET_ACCESS_KEY",
                "is not set: set it together with AWS_ACCESS_KEY_ID",
            )),
        };
    }
    let is_container = [
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    ];
    if is_container.iter().any(|name| get(name).is_some()) {
        let config = ProviderConfig::without_region().with_http_client(https.clone());
        return Ok(SharedCredentialsProvider::new(
            EcsCredentialsProvider::builder().configure(&config).build(),
        ));
    }
    Err(ConfigError::new(
        "AWS_ACCESS_KEY_ID",
        "is not set: Lambda sets it from the function's role; elsewhere set it and AWS_SECRET_ACCESS_KEY",
    ))
}

fn endpoint_url(get: impl Fn(&str) -> Option<String>) -> Result<Option<Url>, ConfigError> {
    if switch(&get, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")? == Some(true) {
        return Ok(None);
    }
    let set = ["AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL"]
        .into_iter()
        .find_map(|name| Some((name, get(name)?)));
    let Some((name, text)) = set else {
        return Ok(None);
    };
    match Url::parse(&text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(Some(url)),
        _ => Err(ConfigError::new(
            name,
            format!("is '{text}': set it to an address such as http://127.0.0.1:8000"),
        )),
    }
}

fn switch(
    get: impl Fn(&str) -> Option<String>,
    name: &'static str,
) -> Result<Option<bool>, ConfigError> {
    let Some(text) = get(name) else {
        return Ok(None);
    };
    match text.to_ascii_lowercase().parse() {
        Ok(is_on) => Ok(Some(is_on)),
        Err(_) => Err(ConfigError::new(
            name,
            format!("is '{text}': set it to true or false"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::environment;

    const LAMBDA: [(&str, &str); 3] = [
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "id"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
    ];

    fn read(settings: &[(&str, &str)]) -> Result<Builder, String> {
        sdk_config(environment(settings)).map_err(|error| error.to_string())
    }

    fn with(more: &[(&'static str, &'static str)]) -> Result<Builder, String> {
        read(&[more, &LAMBDA].concat())
    }

    #[test]
    fn the_variables_that_lambda_sets_suffice() {
        assert_eq!(
            with(&[]).unwrap().build().region().map(Region::as_ref),
            Some("eu-central-1")
        );
    }

    #[test]
    fn aws_default_region_is_used_without_aws_region() {
        let settings = [("AWS_DEFAULT_REGION", "cn-north-1"), LAMBDA[1], LAMBDA[2]];
        assert_eq!(
            read(&settings)
                .unwrap()
                .build()
                .region()
                .map(Region::as_ref),
            Some("cn-north-1")
        );
    }

    #[test]
    fn the_error_of_a_setting_names_its_remedy() {
        let named = |settings: &[(&str, &str)]| read(settings).unwrap_err();
        assert_eq!(
            named(&LAMBDA[1..]),
            "AWS_REGION is not set: set it to the region of the table"
        );
        assert_eq!(
            named(&LAMBDA[..1]),
            "AWS_ACCESS_KEY_ID is not set: Lambda sets it from the function's role; elsewhere set it and \
             AWS_SECRET_ACCESS_KEY"
        );
        assert_eq!(
            named(&LAMBDA[..2]),
            "AWS_SECRET_ACCESS_KEY is not set: set it together with AWS_ACCESS_KEY_ID"
        );
        for text in ["localhost:8000", "ftp://localhost", "https://", "127.0.0.1"] {
            let sentence =
                format!("is '{text}': set it to an address such as http://127.0.0.1:8000");
            for name in ["AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL"] {
                assert_eq!(
                    with(&[(name, text)]).unwrap_err(),
                    format!("{name} {sentence}")
                );
            }
        }
        assert_eq!(
            with(&[("AWS_USE_FIPS_ENDPOINT", "yes")]).unwrap_err(),
            "AWS_USE_FIPS_ENDPOINT is 'yes': set it to true or false"
        );
    }

    #[test]
    fn the_endpoint_for_dynamodb_overrides_the_one_for_all_services() {
        let both = &[
            ("AWS_ENDPOINT_URL", "http://all"),
            ("AWS_ENDPOINT_URL_DYNAMODB", "https://dynamodb"),
        ];
        let address = |text: &str| Some(Url::parse(text).unwrap());
        assert_eq!(
            endpoint_url(environment(both)).unwrap(),
            address("https://dynamodb")
        );
        assert_eq!(
            endpoint_url(environment(&both[..1])).unwrap(),
            address("http://all")
        );
        assert_eq!(endpoint_url(environment(&[])).unwrap(), None);
    }

    #[test]
    fn configured_endpoints_can_be_ignored() {
        let ignored = &[
            ("AWS_ENDPOINT_URL", "http://all"),
            ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "True"),
        ];
        assert_eq!(endpoint_url(environment(ignored)).unwrap(), None);
    }
}
