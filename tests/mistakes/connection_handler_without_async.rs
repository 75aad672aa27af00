//! What serves a connection is not `async`.

use firewhirl::prelude::*;

fn main() -> Result {
    TcpServer::new(|mut stream: IoStream, _peer| {
        stream.write("hello\n");
        Ok(())
    })
    .listen(12345)?;
    IoLoop::current().start()
}
