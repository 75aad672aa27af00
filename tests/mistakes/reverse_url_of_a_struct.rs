//! A URL is made of a value that is no argument.

use firewhirl::prelude::*;

struct StoryId(u64);

async fn latest(cx: &Context) -> Result {
    cx.redirect(cx.reverse_url("story", StoryId(17))?)
}

fn main() {
    Application::new().get("/latest", latest);
}
