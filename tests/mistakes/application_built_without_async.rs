//! The function that builds the application is not `async`.

use firewhirl::prelude::*;

fn app() -> Result<Application> {
    Ok(Application::new().get("/", async |cx| cx.write("Hello, world")))
}

fn main() -> Result {
    HttpServer::new(app).listen(8888)?;
    IoLoop::current().start()
}
