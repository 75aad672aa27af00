//! A callback keeps the context beyond the verb; `finish_later` gives what can be kept.

use std::time::Duration;

use firewhirl::prelude::*;

async fn soon(cx: &Context) -> Result {
    IoLoop::current().call_later(Duration::from_secs(1), move || {
        let _ = cx.write("here it is");
    });
    Ok(())
}

fn main() {
    Application::new().get("/", soon);
}
