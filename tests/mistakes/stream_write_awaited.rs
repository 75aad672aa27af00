//! A stream's write is awaited; it buffers, and the flush or the next read sends.

use firewhirl::prelude::*;

fn main() -> Result {
    TcpServer::new(async |mut stream: IoStream, _peer| {
        stream.write("hello\n").await?;
        Ok(())
    })
    .listen(12345)?;
    IoLoop::current().start()
}
