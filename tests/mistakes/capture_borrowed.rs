//! A closure borrows what it captures: `move` is missing.

use firewhirl::prelude::*;

async fn app() -> Result<Application> {
    let hits = Shared::new(0);
    Ok(Application::new().get("/", async |cx| {
        hits.with(|hits| *hits += 1);
        cx.write(hits.get().to_string())
    }))
}

fn main() -> Result {
    HttpServer::new(app).listen(8888)?;
    IoLoop::current().start()
}
