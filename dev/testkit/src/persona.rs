//! The callers of the tests, and the projects in which they have roles.

use std::time::{Duration, SystemTime};

use release_links::project::{ProjectId, Role, Visibility};
use release_links::token::{Grants, NewToken, Scope};
use serde_json::Value;
use strum::{EnumString, IntoStaticStr, VariantArray};

use crate::app::{TestApp, granted, project, token_with_label};
use crate::event::Event;
use crate::reply::Reply;
use crate::seed;

/// The public project `group/public` of the personas.
pub const PUBLIC: u64 = 1;
/// The private project `group/private` of the personas.
pub const PRIVATE: u64 = 2;
/// A project that does not exist, `group/missing`.
pub const MISSING: u64 = 3;

/// The sender of a request. The seed creates the token of `Documentation`. `Anonymous` sends none,
/// and `Junk` an unknown one. [`TestApp::start_with_personas`] creates those of all others, with
/// their roles in the projects [`PUBLIC`] and [`PRIVATE`].
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, EnumString, IntoStaticStr, VariantArray,
)]
#[strum(serialize_all = "kebab-case")]
pub enum Persona {
    /// A developer in the seeded project, with the documentation's token.
    Documentation,
    /// Nobody: the request has no token.
    Anonymous,
    /// A caller with a token that does not exist.
    Junk,
    /// An owner whose token has expired.
    Expired,
    /// An owner whose token was revoked.
    Revoked,
    /// An owner of another project.
    Outsider,
    /// A guest.
    Guest,
    /// A reporter.
    Reporter,
    /// A developer.
    Developer,
    /// A maintainer.
    Maintainer,
    /// An owner.
    Owner,
    /// An owner whose token may only read.
    ReadApi,
    /// A developer in every project.
    EveryProject,
}

impl Persona {
    /// The name in tables, which is also the label of the token.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The token, or an empty string for nobody.
    pub fn token(self) -> String {
        match self {
            Self::Documentation => seed::TOKEN.to_owned(),
            Self::Anonymous => String::new(),
            _ => token_with_label(self.name()),
        }
    }

    /// This request, sent by the persona.
    pub fn sign(self, event: Event) -> Event {
        match self {
            Self::Anonymous => event.anonymous(),
            _ => event.token(&self.token()),
        }
    }

    /// The settings of the token, with the persona's role in both projects.
    fn settings(self) -> Option<NewToken> {
        let role = match self {
            Self::Documentation | Self::Anonymous | Self::Junk => return None,
            Self::Outsider => return Some(granted(self.name(), 24, Role::Owner)),
            Self::EveryProject => None,
            Self::Guest => Some(Role::Guest),
            Self::Reporter => Some(Role::Reporter),
            Self::Developer => Some(Role::Developer),
            Self::Maintainer => Some(Role::Maintainer),
            Self::Owner | Self::Expired | Self::Revoked | Self::ReadApi => Some(Role::Owner),
        };
        let ids = [PUBLIC, PRIVATE].map(|id| ProjectId::new(id).unwrap());
        let projects = ids.into_iter().filter_map(|id| Some((id, role?)));
        let one_second_ago = SystemTime::now() - Duration::from_secs(1);
        Some(NewToken {
            grants: Grants {
                every: (self == Self::EveryProject).then_some(Role::Developer),
                projects: projects.collect(),
            },
            scope: match self {
                Self::ReadApi => Scope::ReadApi,
                _ => Scope::Api,
            },
            expires_at: (self == Self::Expired).then_some(one_second_ago),
            ..granted(self.name(), PUBLIC, Role::Guest)
        })
    }
}

/// An app as one persona sees it.
#[derive(Clone, Copy)]
pub struct AppAs<'a> {
    app: &'a TestApp,
    persona: Persona,
}

impl AppAs<'_> {
    /// Sends a request of the persona.
    pub async fn send(&self, event: Event) -> Reply {
        self.app.send(self.persona.sign(event)).await
    }

    /// Sends a GET request.
    pub async fn get(&self, target: &str) -> Reply {
        self.send(Event::new("GET", target)).await
    }

    /// Sends a POST request with JSON.
    pub async fn post(&self, target: &str, body: Value) -> Reply {
        self.send(Event::new("POST", target).json(body)).await
    }

    /// Sends a PUT request with JSON.
    pub async fn put(&self, target: &str, body: Value) -> Reply {
        self.send(Event::new("PUT", target).json(body)).await
    }

    /// Sends a DELETE request.
    pub async fn delete(&self, target: &str) -> Reply {
        self.send(Event::new("DELETE", target)).await
    }
}

impl TestApp {
    /// Starts the service with the projects of the personas, and a token for each that has one.
    pub async fn start_with_personas() -> Self {
        let app = Self::start().await;
        app.add(project(PUBLIC, "group/public", Visibility::Public))
            .await;
        app.add(project(PRIVATE, "group/private", Visibility::Private))
            .await;
        for settings in Persona::VARIANTS.iter().filter_map(|one| one.settings()) {
            app.issue(settings).await;
        }
        app.revoke(Persona::Revoked).await;
        app
    }

    async fn revoke(&self, persona: Persona) {
        let session = self.operator.session(Duration::from_secs(5));
        let tokens = session.tokens().list().await.unwrap();
        let mut tokens = tokens.iter();
        let revoked = tokens.find(|token| token.settings.label == persona.name());
        let revoked = revoked.unwrap();
        let revoked = session.tokens().revoke(revoked.id, SystemTime::now());
        revoked.await.unwrap();
    }

    /// The app as this persona sees it.
    #[must_use]
    pub fn as_(&self, persona: Persona) -> AppAs<'_> {
        AppAs { app: self, persona }
    }
}
