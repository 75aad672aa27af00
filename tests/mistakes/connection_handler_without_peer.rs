//! What serves a connection takes the stream alone.

use firewhirl::prelude::*;

async fn serve(mut stream: IoStream) -> Result {
    stream.write("hello\n");
    Ok(())
}

fn main() -> Result {
    TcpServer::new(serve).listen(12345)?;
    IoLoop::current().start()
}
