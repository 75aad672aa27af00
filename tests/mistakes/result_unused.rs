//! The error of a write goes nowhere: a warning.

use firewhirl::prelude::*;

fn main() {
    Application::new().get("/", async |cx| {
        cx.write("first");
        cx.write("second")
    });
}
