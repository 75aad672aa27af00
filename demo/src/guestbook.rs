//! A form: read into a struct, checked, answered with a redirect.

use std::rc::Rc;

use firewhirl::prelude::*;
use serde::Deserialize;

/// Entries that are kept; the oldest goes first.
const ENTRIES_MAX: usize = 20;

/// What the form sends. A missing field is a 400 that names it.
#[derive(Deserialize)]
struct Entry {
    name: String,
    text: String,
}

/// The handler of one URL with two verbs. The entries are this worker's.
#[derive(Clone)]
struct Guestbook {
    entries: Rc<Shared<Vec<Entry>>>,
}

pub(crate) fn routes(site: Application) -> Application {
    site.route("/guestbook", Guestbook { entries: Rc::default() })
}

impl Handler for Guestbook {
    async fn get(&mut self, cx: &Context) -> Result {
        cx.write("<!doctype html><meta charset=utf-8><ul>")?;
        self.entries.with(|entries| {
            for Entry { name, text } in entries.iter().rev() {
                cx.write(format!("<li><b>{}</b>: {}</li>\n", xhtml_escape(name), xhtml_escape(text)))?;
            }
            cx.write("</ul>")
        })
    }

    async fn post(&mut self, cx: &Context) -> Result {
        let entry: Entry = cx.form().await?;
        if entry.name.trim().is_empty() {
            return Err(HttpError::new(400).message("a name is wanted").into());
        }
        self.entries.with(|entries| {
            entries.push(entry);
            let surplus = entries.len().saturating_sub(ENTRIES_MAX);
            entries.drain(..surplus);
        });
        cx.redirect("/guestbook")
    }
}
