//! Nothing says which type the visitor has.

use firewhirl::prelude::*;

struct User {
    name: String,
}

async fn profile(cx: &Context) -> Result {
    let user = cx.authenticated().await?;
    cx.write(format!("Hello, {}", user.name))
}

fn main() {
    Application::new().get("/", profile);
}
