//! The operator's AWS credentials, and the reasons why they are missing or AWS rejects them.

use std::error::Error;

use aws_config::SdkConfig;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_dynamodb::config::ProvideCredentials;
use aws_sdk_dynamodb::error::DisplayErrorContext;

use crate::failure::{Failure, MAX_MESSAGE, causes, cut, innermost_cause, sentence};

const EXPIRED: &str = "your AWS session has expired: sign in again";
const WRONG_CLOCK: &str =
    "the clock of this computer differs from that of AWS: set the clock, and run the command again";

/// Gets the credentials once, so that their absence is not reported as a failed call.
pub async fn check(sdk: &SdkConfig, region: &str) -> Result<(), Failure> {
    let Some(provider) = sdk.credentials_provider() else {
        return Ok(());
    };
    let Err(error) = provider.provide_credentials().await else {
        return Ok(());
    };
    check_profile().await?;
    Err(Failure {
        sentence: sentence(&explain(&error, region)),
        details: Some(DisplayErrorContext(error).to_string()),
    })
}

/// Fails if the environment names a profile that does not exist, or the files cannot be read.
pub async fn check_profile() -> Result<(), Failure> {
    let (disk, environment, files) = Default::default();
    let profiles = aws_config::profile::load(&disk, &environment, &files, None).await;
    let profiles = profiles.map_err(|error| {
        let cause = innermost_cause(&messages(&error));
        sentence(&format!(
            "cannot read the AWS configuration ({cause}): correct the file, or set AWS_CONFIG_FILE"
        ))
    })?;
    match profile().filter(|name| profiles.get_profile(name).is_none()) {
        Some(name) => Err(sentence(&format!(
            "there is no AWS profile \"{}\": check AWS_PROFILE, and run `aws configure \
             list-profiles`",
            cut(&name, MAX_MESSAGE)
        ))
        .into()),
        None => Ok(()),
    }
}

/// The profile that the environment names.
fn profile() -> Option<String> {
    std::env::var("AWS_PROFILE")
        .ok()
        .filter(|name| !name.is_empty())
}

/// The messages of the error and its causes.
fn messages(error: &(dyn Error + 'static)) -> Vec<String> {
    causes(error).map(ToString::to_string).collect()
}

/// Codes of STS and IAM Identity Center that say more than that the provider failed.
const CODES: [&str; 7] = [
    "ExpiredToken",
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "SignatureDoesNotMatch",
    "RequestExpired",
    "MissingAuthenticationToken",
    "UnauthorizedException",
];

fn explain(error: &CredentialsError, region: &str) -> String {
    let causes = messages(error);
    let has = |text: &str| causes.iter().any(|cause| cause.contains(text));
    if matches!(error, CredentialsError::CredentialsNotLoaded(_)) {
        return explain_missing(&causes);
    }
    if has("cached SSO token") || has("/sso/cache/") {
        return "you are not signed in to AWS: run `aws sso login` with your AWS_PROFILE"
            .to_owned();
    }
    if has("not authorized to perform: sts:AssumeRole") {
        return "you may not assume the role of your AWS profile (sts:AssumeRole): check \
                AWS_PROFILE, and the trust policy of the role"
            .to_owned();
    }
    let known = CODES.iter().find_map(|code| {
        let cause = causes.iter().find(|cause| cause.contains(code))?;
        explain_code(code, cause, region)
    });
    known.unwrap_or_else(|| {
        if has("expired") {
            return EXPIRED.to_owned();
        }
        let cause = innermost_cause(&causes);
        format!(
            "cannot get AWS credentials ({cause}): check AWS_PROFILE and the network, or sign in \
             again"
        )
    })
}

/// No credential provider is configured. The SDK gives its reason for not using the profile in the
/// list of the sources that it has tried.
fn explain_missing(causes: &[String]) -> String {
    let Some(profile) = profile() else {
        return "no AWS credentials found: set AWS_PROFILE, or sign in with the AWS CLI".to_owned();
    };
    let profile = cut(&profile, MAX_MESSAGE / 2);
    let lines = causes.iter().flat_map(|cause| cause.lines());
    let mut reasons = lines.filter_map(|line| {
        let tried = line.trim().strip_prefix("Profile: ")?;
        tried.split_once("was not enabled: ")
    });
    let reason = reasons.next().map_or_else(String::new, |(_, reason)| {
        format!(" ({})", cut(reason, MAX_MESSAGE))
    });
    format!(
        "the AWS profile \"{profile}\" has no credentials{reason}: correct it, or set AWS_PROFILE"
    )
}

/// The sentence for a code that is about the caller's credentials; any service of AWS may return
/// it.
pub fn explain_code(code: &str, message: &str, region: &str) -> Option<String> {
    let is_about_time = ["expired", "not yet current"]
        .iter()
        .any(|words| message.contains(words));
    Some(match code {
        "ExpiredTokenException" | "ExpiredToken" | "UnauthorizedException" => EXPIRED.to_owned(),
        "RequestTimeTooSkewed" | "RequestExpired" => WRONG_CLOCK.to_owned(),
        "InvalidSignatureException" | "SignatureDoesNotMatch" if is_about_time => {
            WRONG_CLOCK.to_owned()
        }
        "InvalidSignatureException" | "SignatureDoesNotMatch" => {
            "AWS does not accept your secret access key: check AWS_SECRET_ACCESS_KEY or AWS_PROFILE"
                .to_owned()
        }
        "UnrecognizedClientException" | "InvalidClientTokenId" => format!(
            "AWS in {region} does not know your access key: check AWS_ACCESS_KEY_ID or \
             AWS_PROFILE, and AWS_REGION"
        ),
        "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "IncompleteSignature"
        | "IncompleteSignatureException" => {
            "your AWS credentials are incomplete: check AWS_PROFILE, or sign in again".to_owned()
        }
        _ => return None,
    })
}
