//! What serves connections on several threads captures an `Rc`.

use std::cell::Cell;
use std::rc::Rc;

use firewhirl::prelude::*;

fn main() -> Result {
    let served = Rc::new(Cell::new(0));
    let serve = async move |mut stream: IoStream, _peer| {
        served.set(served.get() + 1);
        stream.write(format!("number {}\n", served.get()));
        Ok(())
    };
    TcpServer::new(serve).bind(12345)?.start(4)?;
    IoLoop::current().start()
}
