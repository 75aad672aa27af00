//! An application is given to the server, which needs the function that builds one a worker.

use firewhirl::prelude::*;

fn main() -> Result {
    let application = Application::new().get("/", async |cx| cx.write("Hello, world"));
    HttpServer::new(application).listen(8888)?;
    IoLoop::current().start()
}
