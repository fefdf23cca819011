//! The deployment that the environment names, and the access to its table.

use std::time::Duration;

use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_dynamodb::config::Builder;
use release_links::aws::{RootStore, https_client};
use release_links::config;
use release_links::store::StoreError;
use release_links::store::operator::{AdminError, Operator, OperatorSession};

use crate::credentials;
use crate::failure::{Failure, sentence};
use crate::named_table::NamedTable;
use crate::pace::Pace;
use crate::patience::{Note, Patience};
use crate::roots;

/// What a cache may still have of a project that is no longer public under its former path.
pub const KEPT_NOTICE: &str = "a CDN in front of the service may keep redirects of the project's \
                               downloads for SharedCacheSeconds: `aws cloudfront \
                               create-invalidation --distribution-id ID --paths '/*'` removes them";

/// Time limit for a short sequence of DynamoDB calls.
pub const SESSION_TIMEOUT: Duration = Duration::from_secs(30);
/// Time limit for reading and writing a whole release with its links.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(60 * 60);
/// Time limit for writing an imported release, which no release reaches.
const IMPORT_TIMEOUT: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// A deployment, and the access to its table.
pub struct Deployment {
    sdk: SdkConfig,
    pub operator: Operator,
    /// How long running functions may use cached tokens and projects.
    pub identity_cache: Duration,
    table: String,
    region: String,
}

impl Deployment {
    pub async fn connect(pace: Option<&Pace>) -> Result<Self, Failure> {
        let environment = |name: &str| std::env::var(name).ok();
        let table = config::table_name(environment).map_err(|error| error.to_string())?;
        let identity_cache =
            config::identity_cache(environment).map_err(|error| error.to_string())?;
        roots::check()?;
        let waiting = Note::about("the AWS credential provider");
        let sdk = aws_config::defaults(BehaviorVersion::latest())
            .http_client(https_client(RootStore::System))
            .load()
            .await;
        let region = sdk.region().map(ToString::to_string);
        let Some(region) = region.filter(|region| !region.is_empty()) else {
            credentials::check_profile().await?;
            return Err(
                "AWS_REGION is not set: set it to the region of the table, or set AWS_PROFILE"
                    .into(),
            );
        };
        credentials::check(&sdk, &region).await?;
        drop(waiting);
        let operator = new_operator(&sdk, table.clone(), &region);
        let operator = match pace {
            Some(pace) => operator.with_write_limit(pace.write_units),
            None => operator,
        };
        Ok(Self {
            sdk,
            operator,
            identity_cache,
            table,
            region,
        })
    }

    /// Another table in the same region.
    pub fn other_table(&self, name: String) -> Operator {
        new_operator(&self.sdk, name, &self.region)
    }

    pub fn session(&self) -> OperatorSession<'_> {
        self.operator.session(SESSION_TIMEOUT)
    }

    /// A session for a short sequence of calls to this table or another one.
    pub fn session_for<'t>(&self, table: &'t Operator) -> OperatorSession<'t> {
        table.session(SESSION_TIMEOUT)
    }

    /// A session that has the time to read and write a whole release.
    pub fn release_session<'t>(&self, table: &'t Operator) -> OperatorSession<'t> {
        table.session(RELEASE_TIMEOUT)
    }

    /// A session for the import of a release. It may take any time: nothing of a large one is visible
    /// before all of it is there.
    pub fn import_session(&self) -> OperatorSession<'_> {
        self.operator.session(IMPORT_TIMEOUT)
    }

    /// The failure for an error of an operator's change.
    pub fn explain(&self, error: AdminError) -> Failure {
        match error {
            AdminError::Failed(error) => self.explain_store(&error),
            error => sentence(&error.to_string()).into(),
        }
    }

    /// The failure for an error of the store.
    pub fn explain_store(&self, error: &StoreError) -> Failure {
        let (table, region) = (&self.table, &self.region);
        let setting = "TABLE_NAME";
        let named = NamedTable {
            table,
            setting,
            region,
        };
        named.explain(error)
    }

    /// The failure for an error of another table, which `--from` names.
    pub fn explain_other_table(&self, table: &str, error: AdminError) -> Failure {
        let AdminError::Failed(error) = error else {
            return self.explain(error);
        };
        let (setting, region) = ("--from", self.region.as_str());
        let named = NamedTable {
            table,
            setting,
            region,
        };
        named.explain(&error)
    }

    /// The end of a sentence: running functions may still use cached tokens and projects.
    pub fn delay_notice(&self) -> String {
        match self.identity_cache.as_secs() {
            0 => String::new(),
            seconds => format!(
                "; running functions may take up to {seconds} s to notice, if the stack's \
                 IdentityCacheSeconds is {seconds}"
            ),
        }
    }
}

fn new_operator(sdk: &SdkConfig, table: String, region: &str) -> Operator {
    let responder = format!("DynamoDB in {region}");
    Operator::new(
        Builder::from(sdk).interceptor(Patience { responder }),
        table,
    )
}
