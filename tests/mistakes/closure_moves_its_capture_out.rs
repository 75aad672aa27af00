//! A closure gives away what it captured, and would have nothing for the second request.

use firewhirl::prelude::*;

fn main() {
    let greeting = String::from("Hello, world");
    Application::new().get("/", async move |cx| {
        let text = greeting;
        cx.write(text)
    });
}
