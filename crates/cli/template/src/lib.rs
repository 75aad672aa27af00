//! {{name}}: what it serves.
//!
//! A page of its own has a file of its own; this one puts them together.

mod greeting;
mod pages;

use firewhirl::prelude::*;

/// Builds the application. It runs once a worker, on its loop, so that what it makes may hold `Rc`s.
pub async fn app() -> Result<Application> {
    Ok(Application::new()
        .site(pages::Pages)
        .get("/", async |cx| cx.write(include_str!("index.html")))
        .route(url("/hello/{name}").name("hello"), greeting::Greeting { word: "Hello" }))
}
