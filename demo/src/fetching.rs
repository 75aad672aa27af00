//! Other services, asked while the loop stays free; and one that is mounted here as if it were ours.
//!
//! The neighbour is a server of its own on a port of its own, so that all of it crosses a socket, as it
//! would to another machine.

use std::rc::Rc;
use std::time::{Duration, Instant};

use firewhirl::prelude::*;
use firewhirl::tcp::BindOptions;
use firewhirl::web::proxy;
use serde::Serialize;

/// What the neighbour offers, and how long it takes for it.
const OFFERS: [(&str, Duration); 3] = [
    ("weather", Duration::from_millis(300)),
    ("rates", Duration::from_millis(500)),
    ("news", Duration::from_millis(700)),
];

pub(crate) fn routes(site: Application) -> Result<Application> {
    let url: Rc<str> = neighbour()?.into();
    Ok(site.mount("/neighbour", proxy(&*url).strip_prefix()).get("/fetching", async move |cx| fetching(cx, &url).await))
}

/// Starts the neighbour on a free port, and gives its URL.
fn neighbour() -> Result<String> {
    let loopback = BindOptions::default().address("127.0.0.1");
    let server = HttpServer::new(async || Ok(Application::new().get("/{offer}", offer))).listen_with(0, &loopback)?;
    let port = server.port().ok_or_else(|| Error::message("the neighbour has no port"))?;
    Ok(format!("http://127.0.0.1:{port}"))
}

async fn offer(cx: &Context) -> Result {
    let name: String = cx.path("offer")?;
    let (name, takes) = OFFERS.iter().find(|(offer, _)| *offer == name).or_status(404)?;
    sleep(*takes).await;
    cx.write(format!("the {name}, after {takes:?}\n"))
}

/// One fetch, as the page draws it: in milliseconds from the beginning of them all.
#[derive(Serialize)]
struct Drawn {
    offer: &'static str,
    begun: u128,
    connected: u128,
    ended: u128,
}

/// Fetches all offers, at once or one after another, and tells when each began and ended.
async fn fetching(cx: &Context, url: &str) -> Result {
    let began = Instant::now();
    let fetches = OFFERS.map(|(offer, _)| fetch(url, offer, began));
    let drawn = if cx.query_argument("one_by_one").is_ok() {
        let mut drawn = Vec::new();
        for fetch in fetches {
            drawn.push(fetch.await?);
        }
        drawn
    } else {
        multi(fetches).await?
    };
    cx.write_json(&drawn)
}

async fn fetch(url: &str, offer: &'static str, began: Instant) -> Result<Drawn> {
    let begun = began.elapsed();
    let response = AsyncHttpClient::new().fetch(format!("{url}/{offer}")).await?;
    let connected = begun + response.time_info().pretransfer;
    let [begun, connected, ended] = [begun, connected, began.elapsed()].map(|time| time.as_millis());
    Ok(Drawn { offer, begun, connected, ended })
}
