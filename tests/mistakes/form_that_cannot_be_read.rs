//! A form is read as a struct that does not say how.

use firewhirl::prelude::*;

struct NewStory {
    title: String,
}

async fn post(cx: &Context) -> Result {
    let story: NewStory = cx.form().await?;
    cx.write(story.title)
}

fn main() {
    Application::new().post("/story", post);
}
