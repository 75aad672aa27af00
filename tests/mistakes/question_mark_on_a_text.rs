//! `?` on an error that is but a text.

use firewhirl::prelude::*;

fn title(id: usize) -> std::result::Result<&'static str, String> {
    Err(format!("no story {id}"))
}

async fn story(cx: &Context) -> Result {
    cx.write(title(cx.path("id")?)?)
}

fn main() {
    Application::new().get("/story/{id}", story);
}
