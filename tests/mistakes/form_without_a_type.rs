//! Nothing says what a form is to be read as.

use firewhirl::prelude::*;

async fn post(cx: &Context) -> Result {
    let story = cx.form().await?;
    cx.write(story.title)
}

fn main() {
    Application::new().post("/story", post);
}
