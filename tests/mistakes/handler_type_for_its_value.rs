//! The handler's type is given where its value is meant; Tornado takes the class.

use firewhirl::prelude::*;

#[derive(Clone)]
struct Story {
    title: String,
}

impl Handler for Story {
    async fn get(&mut self, cx: &Context) -> Result {
        cx.write(&self.title)
    }
}

fn main() {
    Application::new().route("/", Story);
}
