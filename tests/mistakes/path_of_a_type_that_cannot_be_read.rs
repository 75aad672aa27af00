//! A parameter of the path is read as a type that no text can be read as.

use firewhirl::prelude::*;

struct StoryId(u64);

async fn story(cx: &Context) -> Result {
    let id: StoryId = cx.path("id")?;
    cx.write(format!("story {}", id.0))
}

fn main() {
    Application::new().get("/story/{id}", story);
}
