//! `finish_later` is called and what it gives is dropped, which answers 500: a warning.

use firewhirl::prelude::*;

async fn soon(cx: &Context) -> Result {
    cx.finish_later();
    Ok(())
}

fn main() {
    Application::new().get("/", soon);
}
