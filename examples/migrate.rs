//! A service that moves over one route at a time: what has moved is answered here, all else by the old one.
//!
//!     cargo run --example migrate -- --behind=http://127.0.0.1:8000 [--port=8888] [--xheaders]
//!
//! The old service, a Tornado say, stays as it is, listens on 127.0.0.1:8000 and has `xheaders=True`, so that it
//! sees its clients and not this program. nginx, if there is one, now points here. Then handlers move from
//! there to here, in whichever order; a deploy of one line at a time, and back if need be. What is in
//! progress, WebSockets too, goes on until it ends: SIGTERM drains.

use std::time::Duration;

use firewhirl::prelude::*;
use firewhirl::run::Main;
use firewhirl::run::options::define;

/// The first route that has moved: what a Tornado handler under `/story/([0-9]+)` was.
async fn story(cx: &Context) -> Result {
    let id: u64 = cx.path("id")?;
    cx.write(format!("Story {id}, told by Firewhirl to {:?}\n", cx.request.remote_ip()))
}

fn main() -> Result {
    let behind = define("behind", "http://127.0.0.1:8000").help("where what has not moved yet is answered");
    let app = async move || {
        let behind = behind.get();
        Ok(Application::new()
            .get("/story/{id}", story)
            // Long polling: an answer may take its time.
            .mount("/updates", proxy(&behind).response_timeout(Duration::from_secs(600)))
            // Everything that no route above answers.
            .fallback(proxy(&behind)))
    };
    Main::new(app).environment("MIGRATE").run()
}
