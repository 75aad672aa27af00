//! A site is given to `route`.

use firewhirl::prelude::*;

#[derive(Clone)]
struct Blog;

impl Site for Blog {
    type User = firewhirl::web::NoUser;
}

fn main() {
    Application::new().route("/", Blog);
}
