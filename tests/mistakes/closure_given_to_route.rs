//! A closure is given to `route`, which takes handlers.

use firewhirl::prelude::*;

fn main() {
    Application::new().route("/", async |cx: &Context| cx.write("Hello, world"));
}
