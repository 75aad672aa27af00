//! A struct is written as if it were a dictionary.

use firewhirl::prelude::*;

struct Story {
    title: String,
}

fn main() {
    Application::new().get("/", async |cx| cx.write(Story { title: "first".into() }));
}
