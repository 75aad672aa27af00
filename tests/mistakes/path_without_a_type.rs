//! Nothing says which type a parameter of the path is to have.

use firewhirl::prelude::*;

async fn story(cx: &Context) -> Result {
    let id = cx.path("id")?;
    cx.write(format!("story {id}"))
}

fn main() {
    Application::new().get("/story/{id}", story);
}
