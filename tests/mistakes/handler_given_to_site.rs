//! A base handler, as Tornado's programs have one, is given to `site`.

use firewhirl::prelude::*;

#[derive(Clone)]
struct Base;

impl Handler for Base {
    async fn prepare(&mut self, cx: &Context) -> Result {
        cx.set_header("X-Blog", "yes")
    }
}

fn main() {
    Application::new().site(Base);
}
