//! `?` in a `main` that returns nothing.

use firewhirl::prelude::*;

fn main() {
    let server = HttpServer::new(async || Ok(Application::new())).listen(8888)?;
    println!("listening on {}", server.url());
    let _ = IoLoop::current().start();
}
