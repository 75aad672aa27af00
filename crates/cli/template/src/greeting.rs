//! A handler with two verbs: one greets, one takes JSON and answers it.

use firewhirl::prelude::*;
use serde::{Deserialize, Serialize};

/// The prototype, which is cloned afresh for each request.
#[derive(Clone)]
pub(crate) struct Greeting {
    pub(crate) word: &'static str,
}

/// What a POST brings. A field that is missing is a 400 that names it.
#[derive(Deserialize)]
struct Question {
    times: usize,
}

#[derive(Serialize)]
struct Answer {
    text: String,
}

impl Handler for Greeting {
    async fn get(&mut self, cx: &Context) -> Result {
        let name: String = cx.path("name")?;
        cx.write(format!("{}, {}!\n", self.word, xhtml_escape(&name)))
    }

    async fn post(&mut self, cx: &Context) -> Result {
        let name: String = cx.path("name")?;
        let question: Question = cx.json().await?;
        if question.times > 10 {
            return Err(HttpError::new(400).message("ten times at most").into());
        }
        let text = vec![format!("{}, {name}!", self.word); question.times].join(" ");
        cx.write_json(&Answer { text })
    }
}
