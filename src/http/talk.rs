//! What one job has asked and heard so far, so that it can be put aside while it waits for its next try.
//!
//! Promises: a job that begins again with its talk, and asks the same in the same order, hears the same without a request
//! up to the question that waits. Whoever asks something else from there on is answered by the server.
//! Leaves to others: when to begin again, which `HttpError::Later` says.

use std::sync::Arc;

use super::{Http, HttpAnswer, HttpError, HttpRequest, Tries};
use crate::sys::Shutdown;

/// Questions and what came of them, in their order.
#[derive(Debug, Default)]
pub struct Talk {
    heard: Vec<(String, Result<Arc<HttpAnswer>, HttpError>)>,
    /// How many of them were asked since the job began, or began again.
    asked: usize,
    /// The tries of the question that is not answered yet.
    tries: Tries,
    /// Whether nobody is asked what it does not hold.
    is_over: bool,
}

impl Talk {
    /// Returns a talk of long ago, by the addresses that were asked: whatever else is asked has no answer.
    pub fn recorded(answers: impl IntoIterator<Item = (String, HttpAnswer)>) -> Self {
        let answers = answers.into_iter();
        Self {
            heard: answers
                .map(|(url, answer)| (url, Ok(Arc::new(answer))))
                .collect(),
            is_over: true,
            ..Self::default()
        }
    }

    /// Returns the answers with the addresses that were asked for them, in their order.
    pub fn answers(&self) -> impl Iterator<Item = (&str, &HttpAnswer)> {
        let heard = self.heard.iter();
        heard.filter_map(|(url, outcome)| Some((url.as_str(), &**outcome.as_ref().ok()?)))
    }

    /// Begins again with the first question.
    pub fn rewind(&mut self) {
        self.asked = 0;
    }

    /// Asks the next question, of the server only if it has not said what it has to say.
    ///
    /// # Errors
    /// As `Http::try_once`; `Later` when the talk has to be put aside.
    pub fn ask(
        &mut self,
        http: &dyn Http,
        request: &HttpRequest,
        stop: &Shutdown,
    ) -> Result<Arc<HttpAnswer>, HttpError> {
        if self.is_over {
            let mut heard = self.heard.iter();
            let found = heard.find(|(url, _)| *url == request.url);
            return found.map_or_else(|| Err(unheard(&request.url)), |(_, found)| found.clone());
        }
        match self.heard.get(self.asked) {
            Some((url, outcome)) if *url == request.url => {
                self.asked += 1;
                return outcome.clone();
            }
            Some(_) => {
                self.heard.truncate(self.asked);
                self.tries = Tries::default();
            }
            None => {}
        }
        let outcome = http.try_once(request, &mut self.tries, stop).map(Arc::new);
        if !matches!(outcome, Err(HttpError::Later { .. } | HttpError::Stopped)) {
            self.tries = Tries::default();
            self.heard.push((request.url.clone(), outcome.clone()));
            self.asked += 1;
        }
        outcome
    }
}

fn unheard(url: &str) -> HttpError {
    HttpError::Transport {
        reason: format!("nobody asked for {url} then"),
    }
}
