//! A verb takes `&self`; a handler is the request's own and may be changed.

use firewhirl::prelude::*;

#[derive(Clone)]
struct Story;

impl Handler for Story {
    async fn get(&self, cx: &Context) -> Result {
        cx.write("a story")
    }
}

fn main() {
    Application::new().route("/", Story);
}
