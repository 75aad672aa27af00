//! The function that builds the application returns it without a `Result`.

use firewhirl::prelude::*;

async fn app() -> Application {
    Application::new().get("/", async |cx| cx.write("Hello, world"))
}

fn main() -> Result {
    HttpServer::new(app).listen(8888)?;
    IoLoop::current().start()
}
