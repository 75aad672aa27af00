//! A closure in the old form, `|cx| async move { .. }`, which cannot borrow its argument.

use firewhirl::prelude::*;

fn main() {
    Application::new().get("/", |cx: &Context| async move { cx.write("Hello, world") });
}
