//! What serves a connection ends without a result.

use firewhirl::prelude::*;

fn main() -> Result {
    TcpServer::new(async |mut stream: IoStream, _peer| {
        stream.write("hello\n");
    })
    .listen(12345)?;
    IoLoop::current().start()
}
