//! Whether the server could listen is not looked at: a warning.

use firewhirl::prelude::*;

fn main() -> Result {
    HttpServer::new(async || Ok(Application::new())).listen(8888);
    IoLoop::current().start()
}
