//! `impl Blog` where `impl Site for Blog` is meant.

use firewhirl::prelude::*;

struct Blog;

impl Blog {
    async fn prepare(&self, cx: &Context) -> Result {
        cx.set_header("X-Blog", "yes")
    }
}

fn main() {
    Application::new().site(Blog);
}
