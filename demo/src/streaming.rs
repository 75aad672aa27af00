//! An answer that is sent while it is made.

use std::time::Duration;

use firewhirl::prelude::*;

pub(crate) fn routes(site: Application) -> Application {
    site.get("/countdown", countdown)
}

/// Counts down from ten, five a second; `flush` sends, and waits for a client that reads slowly.
async fn countdown(cx: &Context) -> Result {
    cx.set_header("Content-Type", "text/plain; charset=utf-8")?;
    for number in (1..=10).rev() {
        cx.write(format!("{number}\n"))?;
        cx.flush().await?;
        sleep(Duration::from_millis(200)).await;
    }
    cx.write("lift-off\n")
}
