//! A message board by long polling: who asks for news waits until there is some.
//!
//!     cargo run --example long_poll [PORT]
//!
//! Then, in two terminals:
//!
//!     curl 'http://localhost:8888/news?seen=0'
//!     curl -d 'text=hello' http://localhost:8888/say

use std::time::Duration;

use firewhirl::event::locks::Condition;
use firewhirl::prelude::*;

/// How long a request waits before it is answered with nothing, so that proxies don't cut it off.
const PATIENCE: Duration = Duration::from_secs(25);

/// The board of one worker: with several, each would have its own.
#[derive(Default)]
struct Board {
    messages: Shared<Vec<String>>,
    news: Condition,
}

async fn app() -> Result<Application> {
    Ok(Application::new().resource(Board::default()).get("/news", news).post("/say", say))
}

/// Answers with what was said after the first `seen` messages, as soon as there is any.
async fn news(cx: &Context) -> Result {
    let board = cx.resource::<Board>()?;
    let seen: usize = cx.argument("seen")?.parse().or_status(400)?;
    let unseen = || board.messages.with(|messages| messages.get(seen..).unwrap_or_default().to_vec());
    if unseen().is_empty() {
        let _ = board.news.wait().timeout(PATIENCE).await;
    }
    cx.write_json(&unseen())
}

async fn say(cx: &Context) -> Result {
    let board = cx.resource::<Board>()?;
    let text = cx.argument("text")?;
    board.messages.with(|messages| messages.push(text));
    board.news.notify_all();
    cx.write("said\n")
}

fn main() -> Result {
    let port = std::env::args().nth(1).map_or(Ok(8888), |port| port.parse())?;
    let server = HttpServer::new(app).listen(port)?;
    println!("listening on {}", server.url());
    IoLoop::current().start()
}
