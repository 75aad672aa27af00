//! `main` is `async`; the loop is started by a call.

use firewhirl::prelude::*;

async fn main() -> Result {
    HttpServer::new(async || Ok(Application::new())).listen(8888)?;
    IoLoop::current().start()
}
