//! `?` on an `Option`.

use firewhirl::prelude::*;

const STORIES: [&str; 2] = ["first", "second"];

async fn story(cx: &Context) -> Result {
    let id: usize = cx.path("id")?;
    cx.write(*STORIES.get(id)?)
}

fn main() {
    Application::new().get("/story/{id}", story);
}
