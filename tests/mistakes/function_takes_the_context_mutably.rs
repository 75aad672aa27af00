//! A function takes `&mut Context`.

use firewhirl::prelude::*;

async fn hello(cx: &mut Context) -> Result {
    cx.write("Hello, world")
}

fn main() {
    Application::new().get("/", hello);
}
