//! A handler borrows its database, which the application's function owns.

use firewhirl::prelude::*;

struct Db;

#[derive(Clone)]
struct Story<'db> {
    db: &'db Db,
}

impl Handler for Story<'_> {
    async fn get(&mut self, cx: &Context) -> Result {
        let _ = self.db;
        cx.write("a story")
    }
}

async fn app() -> Result<Application> {
    let db = Db;
    Ok(Application::new().route("/", Story { db: &db }))
}

fn main() -> Result {
    HttpServer::new(app).listen(8888)?;
    IoLoop::current().start()
}
