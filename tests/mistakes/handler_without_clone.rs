//! A handler is not `Clone`; each request gets one of its own.

use firewhirl::prelude::*;

struct Story;

impl Handler for Story {
    async fn get(&mut self, cx: &Context) -> Result {
        cx.write("a story")
    }
}

fn main() {
    Application::new().route("/", Story);
}
