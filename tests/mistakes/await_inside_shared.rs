//! An `await` while state is borrowed, which would meet the next request's borrow.

use std::time::Duration;

use firewhirl::prelude::*;

fn main() {
    let hits = Shared::new(0);
    Application::new().get("/", async move |cx| {
        hits.with(|hits| {
            *hits += 1;
            sleep(Duration::from_secs(1)).await;
        });
        cx.write("counted")
    });
}
