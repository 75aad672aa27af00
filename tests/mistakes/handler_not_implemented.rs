//! `impl Story` where `impl Handler for Story` is meant.

use firewhirl::prelude::*;

#[derive(Clone)]
struct Story;

impl Story {
    async fn get(&mut self, cx: &Context) -> Result {
        cx.write("a story")
    }
}

fn main() {
    Application::new().route("/", Story);
}
