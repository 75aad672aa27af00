//! Answers that are finished after the verb has returned: Tornado's `@asynchronous`.
//!
//!     cargo run --example finish_later [PORT]
//!
//! A desk that orders are handed in at, and a kitchen, a thread that knows nothing of the loop, that
//! calls when one is ready. Then: curl http://localhost:8888/order/soup

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use firewhirl::prelude::*;

/// What the kitchen is given: a dish, and whom to call when it is ready, on whichever thread.
type Order = (String, Box<dyn FnOnce(String) + Send>);

fn kitchen() -> mpsc::Sender<Order> {
    let (desk, orders) = mpsc::channel::<Order>();
    thread::spawn(move || {
        for (dish, ready) in orders {
            thread::sleep(Duration::from_millis(30));
            ready(format!("one {dish}\n"));
        }
    });
    desk
}

async fn app() -> Result<Application> {
    let desk = kitchen();
    Ok(Application::new()
        .get("/order/{dish}", async move |cx| {
            let dish: String = cx.path("dish")?;
            // The answer stays on its loop; what travels to the other thread is only a ticket for it.
            let ticket = IoLoop::current().keep(cx.finish_later());
            let ready = move |plate: String| {
                ticket.with(move |later| {
                    if let Err(error) = later.finish(plate) {
                        eprintln!("the guest has left: {error}");
                    }
                });
            };
            desk.send((dish, Box::new(ready))).map_err(|_| Error::message("the kitchen has closed"))
        })
        .get("/bell", async |cx| {
            let later = cx.finish_later();
            IoLoop::current().call_later(Duration::from_millis(20), move || {
                // An error here means that the client has left.
                let _ = later.finish("ding\n");
            });
            Ok(())
        }))
}

fn main() -> Result {
    let port = std::env::args().nth(1).map_or(Ok(8888), |port| port.parse())?;
    let server = HttpServer::new(app).listen(port)?;
    println!("listening on {}", server.url());
    IoLoop::current().start()
}
