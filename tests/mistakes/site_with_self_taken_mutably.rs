//! A site's hook takes `&mut self`; all requests of a worker share the site.

use firewhirl::prelude::*;

struct Blog {
    hits: u64,
}

impl Site for Blog {
    type User = firewhirl::web::NoUser;

    async fn prepare(&mut self, _cx: &Context) -> Result {
        self.hits += 1;
        Ok(())
    }
}

fn main() {
    Application::new().site(Blog { hits: 0 });
}
