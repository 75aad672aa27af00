//! A handler is mounted, which is for routers and services.

use firewhirl::prelude::*;

#[derive(Clone)]
struct Story;

impl Handler for Story {
    async fn get(&mut self, cx: &Context) -> Result {
        cx.write("a story")
    }
}

fn main() {
    Application::new().mount("/story", Story);
}
