//! A closure takes no context.

use firewhirl::prelude::*;

fn main() {
    Application::new().get("/", async || Ok(()));
}
