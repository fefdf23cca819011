//! The trunk of the pipeline: it calls each station once, and writes one log event per request.

use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use lambda_http::http::Response;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Body, LambdaEvent, Request, RequestExt, Service, service_fn};
use serde::Serialize;

use crate::access::Gatekeeper;
use crate::auth;
use crate::cache::Moment;
use crate::config::Config;
use crate::error::Error;
use crate::event::{self, Target};
use crate::handlers::{self, Answer, Context};
use crate::operation::{self, check_format};
use crate::params::Params;
use crate::public_url::PublicUrl;
use crate::route::{self, Route};
use crate::store::{Session, Store};
use crate::telemetry::{Metrics, RequestRecord};
use crate::view;

/// Time of an invocation that is kept for the answer.
const TIME_TO_ANSWER: Duration = Duration::from_millis(300);
/// Time for a request whose invocation names no deadline.
const DEFAULT_TIME: Duration = Duration::from_secs(10);

/// A request, with what its event says besides.
#[derive(Clone, Copy)]
struct Received<'a> {
    request: &'a Request,
    /// The query string.
    query: &'a str,
    /// The service's address as the client sees it.
    public_url: &'a PublicUrl,
}

/// The service.
#[derive(Debug)]
pub struct App {
    store: Store,
    config: Config,
    gatekeeper: Gatekeeper,
    metrics: Option<Metrics>,
    clock: fn() -> SystemTime,
    is_warm: AtomicBool,
}

impl App {
    /// The service on this store; `clock` says what time it is.
    #[must_use]
    pub fn new(store: Store, config: Config, clock: fn() -> SystemTime) -> Self {
        let gatekeeper = Gatekeeper::new(config.identity_cache);
        let metrics = config
            .metrics_namespace
            .clone()
            .and_then(|namespace| Metrics::to_standard_output(namespace).ok());
        Self {
            store,
            config,
            gatekeeper,
            metrics,
            clock,
            is_warm: AtomicBool::default(),
        }
    }

    /// Answers one event of an HTTP API, REST API, function URL or load balancer.
    ///
    /// # Errors
    ///
    /// None: every failure is an answer.
    pub async fn invoke(
        &self,
        mut event: LambdaEvent<LambdaRequest>,
    ) -> Result<impl Serialize + use<>, Infallible> {
        let target = event::normalize(&mut event.payload);
        let service = service_fn(|request: Request| {
            let target = target.clone();
            async move { Ok::<_, Infallible>(self.respond(&request, target).await) }
        });
        Adapter::from(service).call(event).await
    }

    async fn respond(&self, request: &Request, target: Result<Target, Error>) -> Response<Body> {
        let started = Instant::now();
        let mut record = self.record(request);
        let session = self.store.session(self.time_left(request));
        let routed = target.and_then(|target| Ok((self.route(request, &target)?, target.query)));
        let answer = match routed {
            Ok(((route, public_url), query)) => {
                record.note_route(&route);
                let received = Received {
                    request,
                    query: &query,
                    public_url: &public_url,
                };
                self.answer(received, &session, route, &mut record).await
            }
            Err(error) => Err(error),
        };
        record.cause = answer
            .as_ref()
            .err()
            .and_then(Error::cause)
            .map(str::to_owned);
        let mut response = view::response(request, answer, self.config.download_max_age);
        view::finish(
            &mut response,
            request.headers(),
            &record.request_id,
            started.elapsed(),
        );
        record.status = response.status().as_u16();
        record.duration = started.elapsed();
        record.usage = session.usage();
        record.log();
        if let Some(metrics) = &self.metrics {
            metrics.publish(&record, (self.clock)());
        }
        response
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

    fn route(&self, request: &Request, target: &Target) -> Result<(Route, PublicUrl), Error> {
        let event_url = || {
            PublicUrl::of_event(
                request.request_context_ref(),
                request.headers(),
                &target.path,
            )
        };
        let public_url = self.config.public_url.clone().unwrap_or_else(event_url);
        Ok((
            route::find(request.method(), &target.path, public_url.prefix())?,
            public_url,
        ))
    }

    async fn answer(
        &self,
        received: Received<'_>,
        session: &Session<'_>,
        route: Route,
        record: &mut RequestRecord,
    ) -> Result<Answer, Error> {
        let Received {
            request,
            query,
            public_url,
        } = received;
        let (release, endpoint) = match route {
            Route::Options(allow) => return Ok(Answer::Options(allow)),
            Route::CurrentUser => return self.current_user(received, session, record).await,
            Route::Release(release, endpoint) => (release, endpoint),
        };
        let now = Moment::now((self.clock)());
        let mut params = Params::read(request, query).await?;
        let credential = auth::credential(request.headers(), &mut params);
        let asked = operation::Request::parse(release, endpoint, &mut params, request.headers())?;
        let access = self
            .gatekeeper
            .admit(
                session,
                credential.as_ref(),
                &asked.release,
                asked.writes(),
                now,
            )
            .await?;
        record.token = access.token;
        let context = Context {
            session,
            public_url,
            params: &params,
            query,
            now: now.wall,
        };
        handlers::run(&context, &access, asked).await
    }

    async fn current_user(
        &self,
        received: Received<'_>,
        session: &Session<'_>,
        record: &mut RequestRecord,
    ) -> Result<Answer, Error> {
        let Received {
            request,
            query,
            public_url,
        } = received;
        let now = Moment::now((self.clock)());
        let mut params = Params::read(request, query).await?;
        let credential = auth::credential(request.headers(), &mut params);
        check_format(&params)?;
        let token = self
            .gatekeeper
            .authenticate(session, credential.as_ref(), now)
            .await?;
        record.token = Some(token.id);
        Ok(handlers::current_user(public_url, &token))
    }

    /// How long the request may take: until the invocation's deadline, less the time to answer. A
    /// deadline that is over before the request begins is none; emulators send such.
    fn time_left(&self, request: &Request) -> Duration {
        let deadline = request
            .lambda_context_ref()
            .map_or(0, |context| context.deadline);
        let now = (self.clock)()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        match Duration::from_millis(deadline).checked_sub(now) {
            Some(left) => left.saturating_sub(TIME_TO_ANSWER),
            None => DEFAULT_TIME,
        }
    }
}
