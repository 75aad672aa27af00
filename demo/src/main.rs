//! The showcase site: what the framework does, on one page that a browser can try.
//!
//!     cargo run --release [-- --port=8888 --workers=4 --help]
//!
//! Each section of the page has a module here of the same name; this file puts them together.

mod blocked;
mod chat;
mod fetching;
mod guestbook;
mod load;
mod paths;
mod streaming;
mod uploads;
mod visitor;

use firewhirl::prelude::*;
use firewhirl::run::options::options;

/// The page itself; it needs nothing from elsewhere.
const PAGE: &str = include_str!("page.html");

/// What all the site's answers have in common: a header, and its own error page.
struct Demo;

impl Site for Demo {
    type User = NoUser;

    fn default_headers(&self, cx: &Context) -> Result {
        cx.set_header("X-Content-Type-Options", "nosniff")
    }

    async fn write_error(&self, cx: &Context, error: &Error) -> Result {
        let status = error.status();
        cx.write(format!(
            "<!doctype html><meta charset=utf-8><title>{status}</title>\
             <body style='font:1.2rem/1.6 system-ui;margin:20vh auto;max-width:30rem;text-align:center'>\
             <h1>{status}</h1><p><code>{} {}</code></p><p><a href='/'>back to the demo</a>",
            cx.request.method(),
            xhtml_escape(cx.request.path()),
        ))
    }
}

async fn app() -> Result<Application> {
    let site = Application::new().site(Demo).get("/", async |cx| cx.write(PAGE));
    let site = paths::routes(site);
    let site = guestbook::routes(site);
    let site = streaming::routes(site);
    let site = chat::routes(site);
    let site = uploads::routes(site);
    let site = visitor::routes(site);
    let site = fetching::routes(site)?;
    let site = blocked::routes(site, options().get("blocking_log_threshold")?);
    Ok(load::routes(site))
}

fn main() -> Result {
    firewhirl::run::main(app)
}
