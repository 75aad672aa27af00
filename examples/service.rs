//! A service as it is deployed: options, log, metrics, health, a drain on SIGTERM, in one line of `main`.
//!
//!     cargo run --example service -- [--port=8888] [--workers=N] [--greeting=TEXT] [--help]
//!
//! The same as a file (`--config=service.toml`: `greeting = "Hi"`) or in the environment
//! (`SERVICE_GREETING=Hi`); the command line is the strongest. With `--metrics-port=9100`,
//! http://localhost:9100/metrics tells how it does, and /readyz whether it should get requests.

use std::time::Duration;

use firewhirl::prelude::*;
use firewhirl::run::Main;
use firewhirl::run::options::define;

/// Answers after as many milliseconds as the path says: something to be in progress while it is stopped.
async fn slow(cx: &Context) -> Result {
    let milliseconds: u64 = cx.path("milliseconds")?;
    sleep(Duration::from_millis(milliseconds.min(60_000))).await;
    cx.write(format!("after {milliseconds} ms\n"))
}

fn main() -> Result {
    let greeting = define("greeting", "Hello").help("what the front page says");
    let app = async move || {
        let greeting = greeting.get();
        Ok(Application::new()
            .get("/", async move |cx| {
                // Behind a Unix socket there is no address, unless a proxy tells one.
                let visitor = cx.request.remote_ip().map_or("you".to_owned(), |ip| ip.to_string());
                cx.write(format!("{greeting}, {visitor}\n"))
            })
            .get("/slow/{milliseconds}", slow))
    };
    Main::new(app).environment("SERVICE").run()
}
