//! A site's `current_user` returns the user without a `Result` around it.

use firewhirl::prelude::*;

struct User;
struct Blog;

impl Site for Blog {
    type User = User;

    async fn current_user(&self, _cx: &Context) -> Option<User> {
        Some(User)
    }
}

fn main() {
    Application::new().site(Blog);
}
