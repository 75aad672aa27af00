//! A library that calls back, awaited in a handler: Tornado's `gen.Task` and its `Arguments`.
//!
//!     cargo run --example callback [PORT]
//!
//! Then open http://localhost:8888/measure?text=firewhirl

use std::time::Duration;

use firewhirl::prelude::*;

/// An interface from before there were coroutines: it returns at once, and calls back with two
/// arguments when it is done.
fn measure(text: String, callback: impl FnOnce(usize, String) + 'static) {
    IoLoop::current().call_later(Duration::from_millis(20), move || {
        let longest = text.split_whitespace().max_by_key(|word| word.len()).unwrap_or_default().to_owned();
        callback(text.len(), longest);
    });
}

/// Another one, which loses its callback where it fails.
fn forgetful(_callback: impl FnOnce() + 'static) {}

async fn app() -> Result<Application> {
    Ok(Application::new()
        .get("/measure", async |cx| {
            let text = cx.argument("text")?;
            let (length, longest) = callback(|done| measure(text, done.two())).await?;
            cx.write(format!("{length} bytes, the longest word is {longest}\n"))
        })
        .get("/forgetful", async |cx| {
            // A callback that is dropped is an error, not a request that hangs for ever.
            match callback(|done| forgetful(done.none())).await {
                Ok(()) => cx.write("called back\n"),
                Err(error) => cx.write(format!("{error}\n")),
            }
        }))
}

fn main() -> Result {
    let port = std::env::args().nth(1).map_or(Ok(8888), |port| port.parse())?;
    let server = HttpServer::new(app).listen(port)?;
    println!("listening on {}", server.url());
    IoLoop::current().start()
}
