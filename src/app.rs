//! The pipeline: it calls each stage once for a request, and writes one log event.

use std::convert::Infallible;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use lambda_http::http::Response;
use lambda_http::request::LambdaRequest;
use lambda_http::{
    Adapter, Body, LambdaEvent, Request as HttpRequest, RequestExt, Service, service_fn,
};
use serde::Serialize;

use crate::authorization::{AuthorizationContext, Authorizer, Grant, Identity};
use crate::cache::Moment;
use crate::config::Settings;
use crate::http::credentials::{self, Credential};
use crate::http::error::ApiError;
use crate::http::event::{self, Target};
use crate::http::headers;
use crate::http::params::{MAX_BODY_BYTES, Params};
use crate::http::public_url::PublicUrl;
use crate::http::redirect::{self, MaxAge, MaxAges};
use crate::http::request::Request;
use crate::http::response::{self, Answer, ErrorFormat, Errors};
use crate::idempotency;
use crate::operations::{
    self, Content, Context, Endpoint, Facts, Format, FormerPaths, Found, Order, Parse, ParseFor,
    Query,
};
use crate::project::ProjectId;
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
        let service = service_fn(|request: HttpRequest| {
            let target = std::mem::replace(&mut target, Ok(Target::default()));
            async move { Ok::<_, Infallible>(self.respond(request, target).await) }
        });
        Adapter::from(service).call(event).await
    }

    async fn respond(
        &self,
        mut http: HttpRequest,
        target: Result<Target, ApiError>,
    ) -> Response<Body> {
        let started = Instant::now();
        let mut record = self.record(&http);
        let session = self.store.session(self.time_left(&http), self.now());
        let mut errors = Errors::default();
        let answer = self
            .answer(&mut http, target, &session, (&mut record, &mut errors))
            .await;
        let cause = answer.as_ref().err().and_then(ApiError::cause);
        record.cause = cause.map(str::to_owned);
        let mut response = match answer {
            Ok(answer) => response::from_answer(&http, answer),
            Err(error) => response::from_error(&http, &error, &errors),
        };
        headers::finish(
            &mut response,
            http.headers(),
            &record.request_id,
            started.elapsed(),
        );
        record.status = response.status().as_u16();
        record.duration = started.elapsed();
        record.usage = session.usage();
        record.log();
        response
    }

    /// Takes the request to the operation that its method and its path name, which decides on the
    /// format of errors.
    async fn answer(
        &self,
        http: &mut HttpRequest,
        target: Result<Target, ApiError>,
        session: &StoreSession<'_>,
        (record, errors): (&mut RequestRecord, &mut Errors),
    ) -> Result<Answer, ApiError> {
        let Target { path, query, body } = target?;
        let public_url = self.settings.public_url.clone();
        let public_url = public_url.unwrap_or_else(|| event_url(http, &path));
        // A body that is too large is an error whatever the path is.
        let found = operations::find(http.method(), &path, public_url.prefix());
        let max_bytes = found.as_ref().map_or(MAX_BODY_BYTES, Found::max_body_bytes);
        *errors = errors_of(&found, &public_url);
        *http.body_mut() = body.decode(max_bytes)?;
        let endpoint = match found? {
            Found::Endpoint(endpoint) => endpoint,
            Found::Options(methods) => return Ok(Answer::Allow(methods)),
        };
        let row = endpoint.row;
        note(record, &endpoint);
        let call = Call {
            app: self,
            facts: row.facts,
            now: Moment::now(self.now()),
            session,
            record,
        };
        // Only a download may lead to its own address.
        let has_other = self.settings.public_url.is_some();
        let may_lead_back = row.facts.content == Content::Download;
        let received_url = (has_other && may_lead_back).then(|| event_url(http, &path));
        let (request, credential) = read(http, endpoint, query, (public_url, received_url)).await?;
        match row.parse {
            Parse::ForProject(parse) => call.perform(&request, credential, parse).await,
            Parse::ForCaller(parse) => call.perform(&request, credential, parse).await,
            Parse::ForAnyone(parse) => call.perform(&request, credential, parse).await,
        }
    }

    fn now(&self) -> SystemTime {
        (self.clock.0)()
    }

    fn max_ages(&self) -> MaxAges {
        MaxAges {
            download: MaxAge {
                any: self.settings.download_max_age,
                shared: self.settings.shared_max_age,
            },
            latest: self.settings.latest_max_age,
        }
    }

    fn record(&self, request: &HttpRequest) -> RequestRecord {
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
    fn time_left(&self, request: &HttpRequest) -> Duration {
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

/// The service's address as the event names it.
fn event_url(http: &HttpRequest, path: &str) -> PublicUrl {
    PublicUrl::from_event(http.request_context_ref(), http.headers(), path)
}

/// How the errors of this operation are written.
fn errors_of(found: &Result<Found, ApiError>, public_url: &PublicUrl) -> Errors {
    let format = found.as_ref().map(Found::error_format).unwrap_or_default();
    let has_pages = format != ErrorFormat::Json;
    let home_url = has_pages.then(|| public_url.home());
    Errors {
        format,
        home_url: home_url.unwrap_or_default(),
    }
}

/// Notes for the log what the method and the path name.
fn note(record: &mut RequestRecord, endpoint: &Endpoint) {
    record.operation = endpoint.row.facts.name;
    record.project = endpoint.captures.text("id");
    record.tag = endpoint.captures.text("tag_name");
}

/// Reads the parameters of a request, and takes out those that no later stage may read: the tokens,
/// and a `format` over which a suffix of the path takes precedence.
async fn read(
    http: &HttpRequest,
    endpoint: Endpoint,
    query: String,
    (public_url, received_url): (PublicUrl, Option<PublicUrl>),
) -> Result<(Request, Option<Credential>), ApiError> {
    let Endpoint {
        row,
        captures,
        project_without_prefix,
    } = endpoint;
    let mut params = if row.facts.query == Query::Lenient {
        Params::read_leniently(&query)
    } else {
        Params::read(http, &query, row.facts.max_body_bytes).await?
    };
    if row.facts.format == Format::JsonWithSuffix && captures.text("format").is_some() {
        params.take("format");
    }
    let credential = credentials::take(http.headers(), &mut params);
    let key = http.headers().get(idempotency::NAME);
    let request = Request {
        pattern: row.facts.path,
        declared: row.facts.params,
        captures,
        project_without_prefix,
        query,
        params,
        idempotency_key: key.map(|key| key.as_bytes().to_vec()),
        public_url,
        received_url,
    };
    Ok((request, credential))
}

/// A call of an operation.
struct Call<'a> {
    app: &'a App,
    facts: &'static Facts,
    now: Moment,
    session: &'a StoreSession<'a>,
    record: &'a mut RequestRecord,
}

impl Call<'_> {
    /// Checks the request in GitLab's order, which decides which of several errors a client
    /// receives (E4, R53, R75), and performs the operation.
    async fn perform<G: Grant>(
        self,
        request: &Request,
        credential: Option<Credential>,
        parse: ParseFor<G>,
    ) -> Result<Answer, ApiError> {
        let order = self.facts.order;
        let mut operation = None;
        if order != Order::AccessFirst {
            // A tag that is too long comes before all other parameters.
            request.tag()?;
            request.params.check_limits()?;
        }
        if self.facts.format != Format::Ignored {
            request.check_format()?;
        }
        if order == Order::ParametersFirst {
            operation = Some(parse(request)?);
        }
        let identity = self.identify(request, credential.as_ref()).await?;
        if order == Order::TokenFirst {
            operation = Some(parse(request)?);
        }
        let grant = G::from_identity(identity)?;
        self.record.token = grant.token_id();
        if let Some(id) = grant.project_of_former_path()
            && self.facts.former_paths != Some(FormerPaths::Serve)
        {
            return self.answer_to_former_path(request, id);
        }
        if order == Order::AccessFirst {
            request.params.check_limits()?;
        }
        let operation = operation.map_or_else(|| parse(request), Ok)?;
        operation.run(grant, &self.context(request)).await
    }

    async fn identify(
        &self,
        request: &Request,
        credential: Option<&Credential>,
    ) -> Result<Identity, ApiError> {
        let context = AuthorizationContext {
            credential,
            projects: &request.projects(),
            session: self.session,
            now: self.now,
        };
        let authorizer = &self.app.authorizer;
        authorizer.identify(context, self.facts.access).await
    }

    /// The answer to a request that names its project by a former path (F3).
    fn answer_to_former_path(&self, request: &Request, id: ProjectId) -> Result<Answer, ApiError> {
        if self.facts.former_paths == Some(FormerPaths::Reject) {
            return Err(ApiError::ProjectMoved);
        }
        let redirect = redirect::to_project(request.url_with_id(id))?;
        Ok(Answer::Redirect(redirect))
    }

    fn context<'a>(&'a self, request: &'a Request) -> Context<'a> {
        Context {
            request,
            session: self.session,
            now: self.now.wall,
            max_ages: self.app.max_ages(),
        }
    }
}
