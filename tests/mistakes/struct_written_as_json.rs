//! A struct is written as JSON without saying how.

use firewhirl::prelude::*;

struct Story {
    title: String,
}

fn main() {
    Application::new().get("/", async |cx| cx.write_json(&Story { title: "first".into() }));
}
