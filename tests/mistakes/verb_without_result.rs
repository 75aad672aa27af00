//! A verb returns nothing.

use firewhirl::prelude::*;

#[derive(Clone)]
struct Story;

impl Handler for Story {
    async fn get(&mut self, cx: &Context) {
        cx.set_status(204);
    }
}

fn main() {
    Application::new().route("/", Story);
}
