//! The pipeline: it calls each stage once for a request, and writes one log event.

use std::convert::Infallible;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use lambda_http::http::{HeaderValue, Response};
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Body, LambdaEvent, Request, RequestExt, Service, service_fn};
use serde::Serialize;

use crate::authorization::{Access, AuthorizationContext, Authorizer, Resource};
use crate::cache::Moment;
use crate::config::Settings;
use crate::http::credentials::{self, Credential};
use crate::http::error::ApiError;
use crate::http::event::{self, Target};
use crate::http::headers;
use crate::http::params::{MAX_BODY_BYTES, Params};
use crate::http::public_url::PublicUrl;
use crate::http::response::{self, ResponseContext};
use crate::http::response::{Answer, MaxAges};
use crate::http::route::{self, Route};
use crate::idempotency;
use crate::operations::{self, Input, Operation, OperationContext, Perform};
use crate::store::{Store, StoreSession};
use crate::telemetry::RequestRecord;

/// Time of an invocation that is reserved for the response.
const TIME_TO_ANSWER: Duration = Duration::from_millis(300);
/// Time limit of a request without a deadline.
const DEFAULT_TIME: Duration = Duration::from_secs(10);

/// The service.
#[derive(Debug)]
pub struct App {
    store: Store,
    settings: Settings,
    authorizer: Authorizer,
    clock: Clock,
    is_warm: AtomicBool,
}

/// Returns the current time.
struct Clock(Box<dyn Fn() -> SystemTime + Send + Sync>);

impl fmt::Debug for Clock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Clock").finish_non_exhaustive()
    }
}

impl App {
    /// The service with this store; `clock` returns the current time.
    #[must_use]
    pub fn new(
        store: Store,
        settings: Settings,
        clock: impl Fn() -> SystemTime + Send + Sync + 'static,
    ) -> Self {
        let authorizer = Authorizer::new(settings.identity_cache);
        Self {
            store,
            settings,
            authorizer,
            clock: Clock(Box::new(clock)),
            is_warm: AtomicBool::default(),
        }
    }

    /// Responds to one event of an HTTP API, REST API, function URL or load balancer.
    ///
    /// # Errors
    ///
    /// None: every failure becomes a response.
    pub async fn invoke(
        &self,
        mut event: LambdaEvent<LambdaRequest>,
    ) -> Result<impl Serialize + use<>, Infallible> {
        let mut target = event::normalize(&mut event.payload);
        // The adapter calls the service once.
        let service = service_fn(|request: Request| {
            let target = std::mem::replace(&mut target, Ok(Target::default()));
            async move { Ok::<_, Infallible>(self.respond(request, target).await) }
        });
        Adapter::from(service).call(event).await
    }

    async fn respond(
        &self,
        mut request: Request,
        target: Result<Target, ApiError>,
    ) -> Response<Body> {
        let started = Instant::now();
        let mut record = self.record(&request);
        let session = self.store.session(self.time_left(&request), self.now());
        let routed = target.and_then(|target| self.route(&mut request, target));
        let request = &request;
        let response = match routed {
            Ok(routed) => self.dispatch(&routed, request, &session, &mut record).await,
            Err(error) => Err(error),
        };
        record.cause = response
            .as_ref()
            .err()
            .and_then(ApiError::cause)
            .map(str::to_owned);
        let mut response = response.unwrap_or_else(|error| response::of_error(request, &error));
        headers::finish(
            &mut response,
            request.headers(),
            &record.request_id,
            started.elapsed(),
        );
        record.status = response.status().as_u16();
        record.duration = started.elapsed();
        record.usage = session.usage();
        record.log();
        response
    }

    /// Finds the route, and decodes the body.
    fn route(&self, request: &mut Request, target: Target) -> Result<Routed, ApiError> {
        let Target { path, query, body } = target;
        let event_url =
            || PublicUrl::of_event(request.request_context_ref(), request.headers(), &path);
        let public_url = self.settings.public_url.clone().unwrap_or_else(event_url);
        let route = route::find(request.method(), &path, public_url.prefix());
        let max_bytes = route.as_ref().map_or(MAX_BODY_BYTES, Route::max_body_bytes);
        *request.body_mut() = body.decode(max_bytes)?;
        Ok(Routed {
            route: route?,
            query,
            public_url,
        })
    }

    /// Hands the request to the operation that its route names.
    async fn dispatch(
        &self,
        routed: &Routed,
        request: &Request,
        session: &StoreSession<'_>,
        record: &mut RequestRecord,
    ) -> Result<Response<Body>, ApiError> {
        let params = Params::default();
        let mut pipeline = Pipeline {
            app: self,
            request,
            routed,
            session,
            record,
            params,
        };
        match &routed.route {
            Route::Release(path, _) => pipeline.record.note_release(&path.project, &path.tag),
            Route::Project(project, _) => pipeline.record.note_project(project),
            Route::CurrentUser | Route::CurrentJob | Route::Version | Route::Options(_) => {}
        }
        let answer = operations::dispatch(&mut pipeline, &routed.route).await;
        let params = pipeline.params;
        let Routed {
            route,
            query,
            public_url,
        } = routed;
        let context = ResponseContext {
            request,
            public_url,
            route,
            query,
            params,
        };
        answer.map(|answer| response::of_answer(context, answer, self.max_ages()))
    }

    fn now(&self) -> SystemTime {
        (self.clock.0)()
    }

    fn max_ages(&self) -> MaxAges {
        MaxAges {
            download: self.settings.download_max_age,
            latest: self.settings.latest_max_age,
        }
    }

    fn record(&self, request: &Request) -> RequestRecord {
        let context = request.lambda_context_ref();
        RequestRecord {
            request_id: context
                .map(|context| context.request_id.clone())
                .unwrap_or_default(),
            xray_trace_id: context.and_then(|context| context.xray_trace_id.clone()),
            cold_start: !self.is_warm.swap(true, Ordering::Relaxed),
            method: request.method().to_string(),
            operation: "none",
            ..RequestRecord::default()
        }
    }

    /// The time limit of the request: the invocation's deadline, less the time to respond.
    /// Emulators send deadlines that have already passed; those are ignored.
    fn time_left(&self, request: &Request) -> Duration {
        let deadline = request
            .lambda_context_ref()
            .map_or(0, |context| context.deadline);
        let now = self.now().duration_since(UNIX_EPOCH).unwrap_or_default();
        match Duration::from_millis(deadline).checked_sub(now) {
            Some(left) => left.saturating_sub(TIME_TO_ANSWER),
            None => DEFAULT_TIME,
        }
    }
}

/// A request whose route is known.
struct Routed {
    route: Route,
    /// The query string.
    query: String,
    /// The service's address as the client sees it.
    public_url: PublicUrl,
}

/// A request in the stages that all operations share.
struct Pipeline<'a> {
    app: &'a App,
    request: &'a Request,
    routed: &'a Routed,
    session: &'a StoreSession<'a>,
    record: &'a mut RequestRecord,
    /// The parameters, once read, without credentials.
    params: Params,
}

impl Pipeline<'_> {
    /// Reads the parameters, and takes the credential out of them.
    async fn read_params(&mut self) -> Result<Option<Credential>, ApiError> {
        let Routed { route, query, .. } = self.routed;
        self.params = Params::read(self.request, query, route.max_body_bytes()).await?;
        Ok(self.take_credential())
    }

    /// Takes the parameters out that no later stage may read: the tokens, and a `format` over which
    /// a suffix of the path takes precedence.
    fn take_credential(&mut self) -> Option<Credential> {
        if self.routed.route.format_suffix().is_some() {
            self.params.take("format");
        }
        credentials::take(self.request.headers(), &mut self.params)
    }

    fn operation_context(&self, now: Moment) -> OperationContext<'_> {
        OperationContext {
            session: self.session,
            now: now.wall,
            public_url: &self.routed.public_url,
        }
    }
}

impl Perform for Pipeline<'_> {
    /// Performs an operation. The order of the stages decides which of several errors a client
    /// receives; it is GitLab's (E4, R53).
    async fn perform<O: Operation>(
        &mut self,
        resource: &<O::Resource as Resource>::Path,
        path: O::Path,
    ) -> Result<Answer, ApiError> {
        self.record.operation = O::NAME;
        let now = Moment::now(self.app.now());
        let credential = self.read_params().await?;
        let resource = O::Resource::from_path(resource)?;
        let key = self.request.headers().get(idempotency::NAME);
        let input = Input {
            resource: &resource,
            params: &self.params,
            idempotency_key: key.map(HeaderValue::as_bytes),
        };
        let parse = || {
            self.params.check_limits()?;
            O::parse(path, &input)
        };
        let parsed = if O::CHECKS_ACCESS_FIRST {
            input.check_format()?;
            Err(parse)
        } else {
            Ok(parse()?)
        };
        let context = AuthorizationContext {
            credential: credential.as_ref(),
            session: self.session,
            now,
        };
        let authorizer = &self.app.authorizer;
        let grant = resource.authorize(authorizer, context, O::ACCESS).await?;
        self.record.token = O::Resource::token(&grant);
        if let Some(moved) = moved::<O>(&grant) {
            return moved;
        }
        let operation = parsed.or_else(|parse| parse())?;
        operation.run(grant, &self.operation_context(now)).await
    }
}

/// The answer to a request that names its project by a former path, unless the operation serves
/// those (F3).
fn moved<O: Operation>(
    grant: &<O::Resource as Resource>::Grant,
) -> Option<Result<Answer, ApiError>> {
    let id = O::Resource::moved_to(grant).filter(|_| !O::SERVES_FORMER_PATHS)?;
    Some(if O::ACCESS == Access::Read {
        Ok(Answer::Moved(id))
    } else {
        Err(ApiError::ProjectMoved)
    })
}
