//! A router is served, which is but a part of an application.

use firewhirl::prelude::*;

async fn app() -> Result<Router> {
    Ok(Router::new().get("/", async |cx| cx.write("Hello, world")))
}

fn main() -> Result {
    HttpServer::new(app).listen(8888)?;
    IoLoop::current().start()
}
