//! A function takes a parameter of the path as an argument, as Tornado's verbs do.

use firewhirl::prelude::*;

async fn story(cx: &Context, id: u64) -> Result {
    cx.write(format!("story {id}"))
}

fn main() {
    Application::new().get("/story/{id}", story);
}
