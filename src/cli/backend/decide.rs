//! What people decide, and why: asked of the running server, or done by this process.

use http::Method;
use serde_json::{Value, json};

use crate::cli::backend::{Backend, in_path};
use crate::cli::run::CommandError;
use crate::core::id::ContainerName;
use crate::core::rule::Rule;
use crate::core::text::Language;
use crate::core::verdict::{COMMAND_LINE, Paused, Word};
use crate::core::window;
use crate::engine::command::Ruling;
use crate::http::view::verdict::{ForgottenView, PauseView, VerdictView};
use crate::http::view::why::WhyView;

/// A word as it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spoken<'a> {
    /// Approve.
    Approve,
    /// Reject.
    Reject,
    /// Skip.
    Skip,
    /// Snooze until a time, in a person's words.
    Snooze(&'a str),
}

impl Spoken<'_> {
    fn verb(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Skip => "skip",
            Self::Snooze(_) => "snooze",
        }
    }

    fn body(self) -> Value {
        match self {
            Self::Snooze(until) => json!({"until": until}),
            Self::Approve | Self::Reject | Self::Skip => json!({}),
        }
    }
}

impl Backend {
    /// Says a person's word on the image that a container could run now.
    pub async fn rule(
        &mut self,
        name: &str,
        spoken: Spoken<'_>,
        language: Language,
    ) -> Result<VerdictView, CommandError> {
        match self {
            Self::Server(control, _) => {
                let path = format!("/api/v1/containers/{}/{}", in_path(name), spoken.verb());
                let path = in_language(&path, language);
                Ok(control.ask(Method::POST, &path, &spoken.body()).await?)
            }
            Self::Own(own) => {
                let word = match spoken {
                    Spoken::Approve => Word::Approved,
                    Spoken::Reject => Word::Rejected,
                    Spoken::Skip => Word::Skipped,
                    Spoken::Snooze(until) => {
                        let until = window::moment(until, own.clock.now(), own.engine.time_zone());
                        let until = until.map_err(CommandError::BadTime)?;
                        Word::Snoozed { until }
                    }
                };
                let name = ContainerName::from_engine(name);
                let ruling = Ruling { name, word, by: COMMAND_LINE.to_owned() };
                Ok(VerdictView::told(&own.engine.rule(&ruling).await?, language))
            }
        }
    }

    /// Takes back what was said of images in a container's place.
    pub async fn forget(&mut self, name: &str) -> Result<ForgottenView, CommandError> {
        match self {
            Self::Server(control, _) => {
                let path = format!("/api/v1/containers/{}/verdicts", in_path(name));
                Ok(control.ask(Method::DELETE, &path, &json!({})).await?)
            }
            Self::Own(own) => {
                let name = ContainerName::from_engine(name);
                Ok(ForgottenView::from(own.engine.forget(&name, COMMAND_LINE).await?))
            }
        }
    }

    /// Explains how a container is judged.
    pub async fn why(&mut self, name: &str, language: Language) -> Result<WhyView, CommandError> {
        match self {
            Self::Server(control, _) => {
                let path = format!("/api/v1/containers/{}/why", in_path(name));
                let path = in_language(&path, language);
                Ok(control.ask(Method::GET, &path, &json!({})).await?)
            }
            Self::Own(own) => {
                let explained = own.engine.explain(&ContainerName::from_engine(name)).await?;
                let hooks = own.engine.check_hooks(&explained.container.name).await?;
                Ok(WhyView::told(&explained, hooks, language))
            }
        }
    }

    /// Lists what is paused.
    pub async fn pauses(&mut self, language: Language) -> Result<Vec<PauseView>, CommandError> {
        match self {
            Self::Server(control, _) => {
                let path = in_language("/api/v1/pauses", language);
                Ok(control.ask(Method::GET, &path, &json!({})).await?)
            }
            Self::Own(own) => {
                let pauses = own.engine.pauses().await?;
                Ok(pauses.iter().map(|pause| PauseView::told(pause, language)).collect())
            }
        }
    }

    /// Pauses a container, a group or everything.
    pub async fn pause(
        &mut self,
        paused: Paused,
        language: Language,
    ) -> Result<PauseView, CommandError> {
        match self {
            Self::Server(control, _) => {
                let path = in_language("/api/v1/pauses", language);
                Ok(control.ask(Method::POST, &path, &body(&paused)).await?)
            }
            Self::Own(own) => {
                let pause = own.engine.pause(paused, COMMAND_LINE.to_owned()).await?;
                Ok(PauseView::told(&pause, language))
            }
        }
    }

    /// Ends a pause.
    pub async fn resume(&mut self, paused: Paused) -> Result<(), CommandError> {
        match self {
            Self::Server(control, _) => {
                let _: Value =
                    control.ask(Method::DELETE, "/api/v1/pauses", &body(&paused)).await?;
                Ok(())
            }
            Self::Own(own) => Ok(own.engine.resume(paused, COMMAND_LINE).await?),
        }
    }

    /// Lists the stored rules.
    pub async fn rules(&mut self) -> Result<Vec<Rule>, CommandError> {
        match self {
            Self::Server(control, _) => {
                Ok(control.ask(Method::GET, "/api/v1/policies", &json!({})).await?)
            }
            Self::Own(own) => Ok(own.engine.rules().await?),
        }
    }

    /// Stores a rule.
    pub async fn put_rule(&mut self, rule: Rule) -> Result<Rule, CommandError> {
        match self {
            Self::Server(control, _) => {
                let path = format!("/api/v1/policies/{}", in_path(&rule.name));
                let body = serde_json::to_value(&rule).unwrap_or_default();
                Ok(control.ask(Method::PUT, &path, &body).await?)
            }
            Self::Own(own) => Ok(own.engine.put_rule(rule).await?),
        }
    }

    /// Removes a rule.
    pub async fn remove_rule(&mut self, name: &str) -> Result<(), CommandError> {
        match self {
            Self::Server(control, _) => {
                let path = format!("/api/v1/policies/{}", in_path(name));
                let _: Value = control.ask(Method::DELETE, &path, &json!({})).await?;
                Ok(())
            }
            Self::Own(own) => Ok(own.engine.remove_rule(name).await?),
        }
    }
}

/// Returns a path that asks for texts in a language.
pub(super) fn in_language(path: &str, language: Language) -> String {
    format!("{path}?language={}", language.code())
}

fn body(paused: &Paused) -> Value {
    match paused {
        Paused::Everything => json!({"all": true}),
        Paused::Group(group) => json!({"group": group}),
        Paused::Container(name) => json!({"name": name}),
    }
}
