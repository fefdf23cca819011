//! How the two programs reach AWS: with which settings, and whose certificates they trust.

mod https;
mod settings;

pub use https::{Trust, https_client};
pub use settings::sdk_config;
