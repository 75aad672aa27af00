//! Answers that are sent while they are made.

use std::time::Duration;

use firewhirl::prelude::*;

pub(crate) fn routes(site: Application) -> Application {
    site.get("/countdown", countdown).get("/numbers/{count}", numbers)
}

/// Counts down from ten, five a second; `flush` sends, and waits for a client that reads slowly.
async fn countdown(cx: &Context) -> Result {
    cx.set_header("Content-Type", "text/plain; charset=utf-8")?;
    // An nginx in front passes each number on when it comes, and gathers none.
    cx.set_header("X-Accel-Buffering", "no")?;
    for number in (1..=10).rev() {
        cx.write(format!("{number}\n"))?;
        cx.flush().await?;
        sleep(Duration::from_millis(200)).await;
    }
    cx.write("lift-off\n")
}

/// An answer of any size, of which never more than a piece is in memory.
async fn numbers(cx: &Context) -> Result {
    let count: u64 = cx.path("count")?;
    cx.set_header("Content-Type", "text/plain; charset=utf-8")?;
    for number in 1..=count {
        cx.write(format!("{number}\n"))?;
        if number % 10_000 == 0 {
            cx.flush().await?;
        }
    }
    Ok(())
}
