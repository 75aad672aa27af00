//! A function is called where it is to be given.

use firewhirl::prelude::*;

async fn hello(cx: &Context) -> Result {
    cx.write("Hello, world")
}

fn main() {
    Application::new().get("/", hello());
}
