//! A kitchen whose log a person reads in a terminal and a machine reads as JSON, its files moved by
//! `logrotate`.
//!
//!     cargo run --example log
//!     cargo run --example log -- --logging=info,firewhirl::access=warning
//!     cargo run --example log -- --log-format=json --log-file-prefix=kitchen.log
//!
//! Then `curl -i localhost:8888/order/soup`: the answer names the request, and so does every line of it in
//! JSON, or with `--log-request-id`. Send it a `traceparent`, and the lines are those of your trace. After
//! `mv kitchen.log kitchen.log.1; kill -HUP PID` it writes a new file, and no line is lost.

use std::time::Duration;

use firewhirl::prelude::*;
use firewhirl::run::log;
use firewhirl::run::options::{define, parse_command_line};
use tracing::{error, info, warn};

#[derive(Clone)]
struct Order;

impl Handler for Order {
    async fn get(&mut self, cx: &Context) -> Result {
        let dish: String = cx.path("dish")?;
        let time = cook(&dish).await?;
        if time > Duration::from_millis(50) {
            warn!(dish, ?time, "guests wait");
        }
        cx.write(format!("one {dish}\n"))
    }
}

/// Nobody has told it of the request, and its line has the request's id all the same.
async fn cook(dish: &str) -> Result<Duration> {
    let time = Duration::from_millis(10 * dish.len() as u64 % 100);
    info!(dish, "cooking");
    sleep(time).await;
    if dish == "water" { Err(Error::message("it is burnt")) } else { Ok(time) }
}

async fn app() -> Result<Application> {
    Ok(Application::new().request_id_header(true).route("/order/{dish}", Order))
}

fn main() -> Result {
    let port = define("port", 8888_u16).help("port to listen on");
    // The log's own options are there without being defined, and it is on from here.
    parse_command_line()?;
    IoLoop::current().on_signal(Signal::Hangup, || {
        if let Err(problem) = log::reopen() {
            error!("{problem}");
        }
    })?;
    let server = HttpServer::new(app).listen(port.get())?;
    println!("listening on {}", server.url());
    IoLoop::current().start()
}
