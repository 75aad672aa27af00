//! An `Rc` is made outside the function that builds the application, and would be shared by threads.

use std::cell::Cell;
use std::rc::Rc;

use firewhirl::prelude::*;

fn main() -> Result {
    let hits = Rc::new(Cell::new(0));
    let app = async move || {
        let hits = hits.clone();
        Ok(Application::new().get("/", async move |cx| {
            hits.set(hits.get() + 1);
            cx.write(hits.get().to_string())
        }))
    };
    HttpServer::new(app).bind(8888)?.start(4)?;
    IoLoop::current().start()
}
