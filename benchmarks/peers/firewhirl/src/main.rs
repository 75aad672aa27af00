//! Firewhirl's entry: `peer-firewhirl PORT [metrics] [watched]`, an `Application` with `Handler`s, as a user
//! would write it; with `metrics` its requests are counted for Prometheus, with `watched` a blocked loop would be
//! logged.

use std::time::Duration;

use firewhirl::prelude::*;
use firewhirl::run::metrics::Metrics;
use firewhirl::tcp::BindOptions;
use serde::Serialize;

#[derive(Serialize)]
struct Message {
    message: &'static str,
}

#[derive(Clone)]
struct Plaintext;

impl Handler for Plaintext {
    async fn get(&mut self, cx: &Context) -> Result {
        cx.set_header("Content-Type", "text/plain")?;
        cx.write("Hello, World!")
    }
}

#[derive(Clone)]
struct Json;

impl Handler for Json {
    async fn get(&mut self, cx: &Context) -> Result {
        cx.write_json(&Message { message: "Hello, World!" })
    }
}

#[derive(Clone)]
struct Echo;

impl Handler for Echo {
    async fn post(&mut self, cx: &Context) -> Result {
        cx.write(cx.request.body().clone())
    }
}

async fn app() -> Result<Application> {
    Ok(Application::new().route("/plaintext", Plaintext).route("/json", Json).route("/echo", Echo))
}

fn main() -> Result {
    let mut arguments = std::env::args().skip(1);
    let port = arguments.next().expect("peer-firewhirl PORT").parse()?;
    for more in arguments {
        match &*more {
            "metrics" => drop(Metrics::new()),
            "watched" => IoLoop::current().set_blocking_log_threshold(Duration::from_millis(50)),
            more => panic!("peer-firewhirl has nothing called {more}"),
        }
    }
    HttpServer::new(app).listen_with(port, &BindOptions::default().address("127.0.0.1").backlog(4096))?;
    IoLoop::current().start()
}
