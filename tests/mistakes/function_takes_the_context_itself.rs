//! A function takes `Context` in place of `&Context`.

use firewhirl::prelude::*;

async fn hello(cx: Context) -> Result {
    cx.write("Hello, world")
}

fn main() {
    Application::new().get("/", hello);
}
