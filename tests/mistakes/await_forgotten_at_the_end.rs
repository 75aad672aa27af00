//! The last call of a verb is not awaited.

use firewhirl::prelude::*;

#[derive(Clone)]
struct Story;

impl Handler for Story {
    async fn get(&mut self, cx: &Context) -> Result {
        cx.write("a story")?;
        cx.flush()
    }
}

fn main() {
    Application::new().route("/", Story);
}
