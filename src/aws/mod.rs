//! Access to AWS: the SDK's settings, and the certificate authorities that its client trusts.

mod https;
mod settings;

pub use https::{RootStore, https_client};
pub use settings::sdk_config;
