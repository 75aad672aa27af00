//! Draining every server of the process, on whatever loops they are. In a file of its own, for it reaches
//! every server of its process.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use firewhirl_event::coroutine::sleep;
use firewhirl_event::{IoLoop, IoStream, Result};
use firewhirl_tcp::{TcpClient, TcpServer, drain_all};

const LONG: Duration = Duration::from_secs(30);

/// A server that answers a line after a while.
fn slow_server() -> Result<u16> {
    let server = TcpServer::new(async |mut stream: IoStream, _| {
        let line = stream.read_until(b"\n").await?;
        sleep(Duration::from_millis(300)).await;
        stream.write(line);
        stream.flush().await?;
        Ok(())
    })
    .listen(0)?;
    Ok(server.port().unwrap())
}

async fn begun(port: u16) -> Result<IoStream> {
    let mut stream = TcpClient::new().connect(("127.0.0.1", port)).await?;
    stream.write("ping\n");
    stream.flush().await?;
    Ok(stream)
}

#[test]
fn what_is_in_flight_ends_on_every_loop_and_nothing_new_is_let_in() {
    let (tell_port, port) = mpsc::channel();
    let (tell_end, end) = mpsc::channel();
    let thread = thread::spawn(move || {
        tell_port.send(slow_server().unwrap()).unwrap();
        tell_end.send(IoLoop::current().remote()).unwrap();
        IoLoop::current().start().unwrap();
    });
    let (elsewhere, here) = (port.recv().unwrap(), slow_server().unwrap());
    IoLoop::current()
        .run_sync(async {
            let mut streams = [begun(here).await?, begun(elsewhere).await?];
            // The servers have read the lines by the time they are drained, or will in draining.
            sleep(Duration::from_millis(50)).await;
            assert_eq!(drain_all(LONG).await, 0);
            for stream in &mut streams {
                assert_eq!(stream.read_until(b"\n").await?, "ping\n");
            }
            for port in [here, elsewhere] {
                assert!(TcpClient::new().connect(("127.0.0.1", port)).await.is_err(), "{port} lets in");
            }
            Ok(())
        })
        .unwrap();
    end.recv().unwrap().stop();
    thread.join().unwrap();
    // Those that are gone are not waited for.
    assert_eq!(IoLoop::current().run_sync(async { Ok(drain_all(LONG).await) }).unwrap(), 0);
}
