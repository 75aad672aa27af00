//! A verb is no `async fn`.

use firewhirl::prelude::*;

#[derive(Clone)]
struct Story;

impl Handler for Story {
    fn get(&mut self, cx: &Context) -> Result {
        cx.write("a story")
    }
}

fn main() {
    Application::new().route("/", Story);
}
