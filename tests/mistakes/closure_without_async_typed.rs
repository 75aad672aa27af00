//! A closure answers without `async`, its argument typed.

use firewhirl::prelude::*;

fn main() {
    Application::new().get("/", |cx: &Context| cx.write("Hello, world"));
}
