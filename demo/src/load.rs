//! The loop looked at from inside: what it has run, and how busy it is, once a second for as long as
//! somebody watches.

use std::time::Duration;

use firewhirl::prelude::*;

pub(crate) fn routes(site: Application) -> Application {
    site.get("/load", now).get("/load/events", events)
}

/// The loop's counters, as one line of JSON.
fn line() -> String {
    let load = IoLoop::current().statistics();
    format!(
        "{{\"busy\": {:.4}, \"tasks\": {}, \"callbacks\": {}, \"timers\": {}}}",
        load.busy, load.tasks, load.callbacks, load.timers
    )
}

async fn now(cx: &Context) -> Result {
    cx.set_header("Content-Type", "application/json")?;
    cx.write(line())
}

/// Server-sent events: the browser's `EventSource` reads them.
async fn events(cx: &Context) -> Result {
    cx.set_header("Content-Type", "text/event-stream")?;
    cx.set_header("Cache-Control", "no-store")?;
    cx.set_header("X-Accel-Buffering", "no")?;
    while !cx.is_closed() {
        cx.write(format!("data: {}\n\n", line()))?;
        cx.flush().await?;
        sleep(Duration::from_secs(1)).await;
    }
    Ok(())
}
