//! A verb takes a parameter of the path as an argument, as Tornado's do.

use firewhirl::prelude::*;

#[derive(Clone)]
struct Story;

impl Handler for Story {
    async fn get(&mut self, cx: &Context, id: u64) -> Result {
        cx.write(format!("story {id}"))
    }
}

fn main() {
    Application::new().route("/story/{id}", Story);
}
