//! A site does not say who its users are.

use firewhirl::prelude::*;

struct Blog;

impl Site for Blog {
    async fn prepare(&self, cx: &Context) -> Result {
        cx.set_header("X-Blog", "yes")
    }
}

fn main() {
    Application::new().site(Blog);
}
