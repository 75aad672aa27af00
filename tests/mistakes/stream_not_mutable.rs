//! A stream is read without `mut`.

use firewhirl::prelude::*;

async fn serve(stream: IoStream, _peer: firewhirl::tcp::Peer) -> Result {
    let line = stream.read_until(b"\n").await?;
    stream.write(line);
    Ok(())
}

fn main() -> Result {
    TcpServer::new(serve).listen(12345)?;
    IoLoop::current().start()
}
