//! `release-links-admin check`: finds dead links.
//!
//! The operator's computer requests the URL of each link once. The function never requests one.

mod address;
mod cause;
mod digests;
mod file;
mod finding;
mod gate;
mod private;
mod probe;
mod report;
mod resolver;
mod schedule;
mod survey;
#[cfg(test)]
mod tests;
mod trail;

use std::pin::{Pin, pin};
use std::sync::Arc;

use release_links::config;

use self::address::{not_public, refuse_none};
use self::digests::Written;
use self::finding::{Finding, Verdict};
use self::private::OwnService;
use self::probe::{Prober, Question, Settings};
use self::report::{Report, Summary};
use self::resolver::SystemNames;
use self::schedule::{Job, Running};
use self::survey::{Survey, Target};
use crate::cli::Check;
use crate::deployment::Deployment;
use crate::failure::Failure;
use crate::interrupt::interrupt;
use crate::output::{Meter, quantity};
use crate::{Outcome, output, roots};

/// The variables that name a proxy.
const PROXIES: [&str; 6] = [
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
    "all_proxy",
];

/// What has been found so far.
struct Found {
    findings: Vec<Option<Finding>>,
    /// The number of URLs that were checked.
    done: usize,
    /// What became of the missing digest of each link.
    written: Vec<Option<Written>>,
    /// What ended the check before all URLs were requested, if something did.
    end: Option<Failure>,
}

pub async fn run(deployment: &Deployment, arguments: &Check) -> Outcome {
    let public_url = config::public_url(|name| std::env::var(name).ok());
    let public_url = public_url.map_err(|error| error.to_string())?;
    warn_of_proxy();
    let mut interrupted = pin!(interrupt());
    let meter = Meter::start("reading the links");
    let survey = tokio::select! {
        survey = Survey::read(deployment, arguments) => survey?,
        () = &mut interrupted => return Err("interrupted: no URL was checked".into()),
    };
    let mut found = Found::nothing(&survey);
    let own = OwnService::new(public_url.clone(), survey.projects.iter());
    let running = start(arguments, own, &found, &survey)?;
    let writer = arguments.write_digests.then_some(deployment);
    found
        .collect(running, interrupted, &survey, writer, &meter)
        .await;
    drop(meter);
    let report = Report {
        survey: &survey,
        public_url: public_url.as_ref(),
        findings: &found.findings,
        written: &found.written,
    };
    report.print(arguments.json)?;
    conclude(arguments, &report.summary(), found.end)
}

/// Says that the check uses no proxy, if the environment names one.
fn warn_of_proxy() {
    let is_set = |name: &&&str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if let Some(name) = PROXIES.iter().find(is_set) {
        output::note(&format!(
            "check does not use the proxy of {name} for the URLs, because it must know the \
             addresses to which it connects"
        ));
    }
}

/// Starts to request the valid URLs.
fn start(
    arguments: &Check,
    own: OwnService,
    found: &Found,
    survey: &Survey,
) -> Result<Running, Failure> {
    let settings = Settings {
        timeout: arguments.timeout,
        refuse: if arguments.allow_private {
            refuse_none
        } else {
            not_public
        },
    };
    let prober = Prober::new(settings, Arc::new(SystemNames), own).map_err(|_| roots::MISSING)?;
    let targets = survey.targets.iter().enumerate();
    let open = targets.filter(|(target, _)| found.findings[*target].is_none());
    let jobs = open.filter_map(|(target, asked)| {
        Some(Job {
            target,
            url: asked.url.clone()?,
            question: question(arguments, asked),
        })
    });
    Ok(schedule::start(prober, jobs.collect()))
}

fn question(arguments: &Check, target: &Target) -> Question {
    let is_verified = arguments.verify && target.is_known;
    let is_written = arguments.write_digests && target.is_unknown;
    if is_verified || is_written {
        Question::Digest
    } else {
        Question::Answers
    }
}

impl Found {
    /// Before any URL is requested. Invalid URLs are never requested.
    fn nothing(survey: &Survey) -> Self {
        let unreadable = |target: &Target| {
            let is_unreadable = target.url.is_none();
            is_unreadable.then(|| Finding::uncertain("invalid URL"))
        };
        let findings: Vec<_> = survey.targets.iter().map(unreadable).collect();
        Self {
            done: findings.iter().flatten().count(),
            findings,
            written: vec![None; survey.uses.len()],
            end: None,
        }
    }

    fn show(&self, meter: &Meter) {
        let (done, all) = (self.done, self.findings.len());
        meter.expect(all.try_into().unwrap_or(0));
        let text = format!("checked {done} of {}", quantity(all, "URL"));
        meter.advance(done.try_into().unwrap_or(0), &text);
    }

    /// Keeps the findings until the last one, or until the operator or a failure ends the check. A
    /// write is not interrupted.
    async fn collect(
        &mut self,
        mut running: Running,
        mut interrupted: Pin<&mut impl Future<Output = ()>>,
        survey: &Survey,
        writer: Option<&Deployment>,
        meter: &Meter,
    ) {
        while self.end.is_none() {
            self.show(meter);
            let next = tokio::select! {
                biased;
                () = &mut interrupted => {
                    self.end = Some("interrupted".into());
                    return;
                }
                next = running.next() => next,
            };
            let Some((target, finding)) = next else {
                return;
            };
            if let Some(deployment) = writer {
                self.write(deployment, survey, target, &finding).await;
            }
            self.done += 1;
            self.findings[target] = Some(finding);
        }
    }

    /// Writes the digest of the file at a URL to the links that lack it.
    async fn write(
        &mut self,
        deployment: &Deployment,
        survey: &Survey,
        target: usize,
        finding: &Finding,
    ) {
        for &place in &survey.targets[target].uses {
            let found = &survey.uses[place];
            match digests::write(deployment, survey, found, finding).await {
                Ok(written) => self.written[place] = written,
                Err(error) => {
                    self.end = Some(deployment.explain(error));
                    return;
                }
            }
        }
    }
}

/// The outcome of the command. A failure has the summary at its end.
fn conclude(arguments: &Check, summary: &Summary, end: Option<Failure>) -> Outcome {
    let text = summary.sentence();
    if let Some(end) = end {
        return Err(end.with_advice(&text));
    }
    let failing = [Verdict::Dead, Verdict::Changed];
    let failing = failing
        .into_iter()
        .chain(arguments.strict.then_some(Verdict::Uncertain));
    if failing.map(|verdict| summary.count(verdict)).sum::<usize>() > 0 {
        Err(text.into())
    } else if arguments.json {
        Ok(())
    } else {
        output::line(&text)
    }
}
