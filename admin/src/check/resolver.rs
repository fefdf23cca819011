//! The lookup of host names. It checks the addresses when the client connects, and the client
//! connects only to the addresses that it returns. So a name that resolves to another address each
//! time cannot lead the client elsewhere.

use std::fmt;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use dns_lookup::{LookupError, LookupErrorKind};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address::Refuse;

/// A lookup of the addresses of a name.
pub type Lookup = Pin<Box<dyn Future<Output = Result<Vec<IpAddr>, Unresolved>> + Send>>;

/// Looks up the addresses of names.
pub trait Names: Send + Sync {
    /// The addresses of the name.
    fn look_up(&self, name: String) -> Lookup;
}

/// Why a name leads to no address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unresolved {
    /// There is no such name, or it has no address.
    NotFound,
    /// The lookup failed.
    Failed,
    /// All of its addresses are of this kind.
    NotPublic(&'static str),
}

impl fmt::Display for Unresolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => f.write_str("name not found"),
            Self::Failed => f.write_str("the name lookup failed"),
            Self::NotPublic(kind) => write!(f, "{kind} address"),
        }
    }
}

impl std::error::Error for Unresolved {}

/// The names as the system knows them.
pub struct SystemNames;

impl Names for SystemNames {
    fn look_up(&self, name: String) -> Lookup {
        Box::pin(async move {
            let lookup = tokio::task::spawn_blocking(move || dns_lookup::lookup_host(&name));
            match lookup.await {
                Ok(Ok(addresses)) => Ok(addresses.collect()),
                Ok(Err(error)) => Err(explain(&error)),
                Err(_) => Err(Unresolved::Failed),
            }
        })
    }
}

fn explain(error: &LookupError) -> Unresolved {
    match error.kind() {
        LookupErrorKind::NoName | LookupErrorKind::NoData => Unresolved::NotFound,
        _ => Unresolved::Failed,
    }
}

/// The addresses of names to which the check may connect.
pub struct Resolver {
    /// Looks up the names.
    pub names: Arc<dyn Names>,
    /// Which addresses must not be requested.
    pub refuse: Refuse,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let lookup = self.names.look_up(name.as_str().to_owned());
        let refuse = self.refuse;
        Box::pin(async move {
            let allowed = allow(lookup.await?, refuse)?.into_iter();
            // The client replaces port 0 by that of the URL.
            let allowed: Addrs = Box::new(allowed.map(|address| SocketAddr::new(address, 0)));
            Ok(allowed)
        })
    }
}

/// The addresses of a name that may be requested.
fn allow(addresses: Vec<IpAddr>, refuse: Refuse) -> Result<Vec<IpAddr>, Unresolved> {
    let kind = addresses.iter().copied().find_map(refuse);
    let may_be_asked = |address: &IpAddr| refuse(*address).is_none();
    let allowed: Vec<IpAddr> = addresses.into_iter().filter(may_be_asked).collect();
    if allowed.is_empty() {
        Err(kind.map_or(Unresolved::NotFound, Unresolved::NotPublic))
    } else {
        Ok(allowed)
    }
}
