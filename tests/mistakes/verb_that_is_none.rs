//! A method of a handler that is no verb, as Python's would be found at run time.

use firewhirl::prelude::*;

#[derive(Clone)]
struct Story;

impl Handler for Story {
    async fn fetch(&mut self, cx: &Context) -> Result {
        cx.write("a story")
    }
}

fn main() {
    Application::new().route("/", Story);
}
