//! A site's hook is no `async fn`.

use firewhirl::prelude::*;

struct Blog;

impl Site for Blog {
    type User = firewhirl::web::NoUser;

    fn prepare(&self, cx: &Context) -> Result {
        cx.set_header("X-Blog", "yes")
    }
}

fn main() {
    Application::new().site(Blog);
}
