//! A handler is given to `get`, which takes functions.

use firewhirl::prelude::*;

#[derive(Clone)]
struct Story;

impl Handler for Story {
    async fn get(&mut self, cx: &Context) -> Result {
        cx.write("a story")
    }
}

fn main() {
    Application::new().get("/", Story);
}
