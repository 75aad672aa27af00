//! With Python's `ssl` module, on both sides, over Tornado's streams.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use firewhirl_event::{IoLoop, IoStream, Result};
use firewhirl_tcp::tls::{ClientTls, ServerTls, StartTls};
use firewhirl_tcp::{BindOptions, TcpClient, TcpServer};

use super::{Authority, PATIENCE, client_options, peers, server_options};

/// A client that asks in the clear for TLS, goes on with it, and says what it got.
const CLIENT: &str = r#"
import asyncio, ssl, sys
from tornado.tcpclient import TCPClient
async def main(port, ca):
    stream = await TCPClient().connect("localhost", int(port))
    await stream.write(b"STARTTLS\n")
    assert await stream.read_until(b"\n") == b"ready\n"
    context = ssl.create_default_context(cafile=ca)
    stream = await stream.start_tls(False, context, server_hostname="localhost")
    await stream.write(b"x" * 1000000 + b"\n")
    version = stream.socket.version()
    line = await stream.read_until(b"\n")
    print(len(line), version, (await stream.read_until_close()).decode())
asyncio.run(main(*sys.argv[1:]))
"#;

/// A server that does the same.
const SERVER: &str = r#"
import asyncio, ssl, sys
from tornado.tcpserver import TCPServer
class Server(TCPServer):
    async def handle_stream(self, stream, address):
        assert await stream.read_until(b"\n") == b"STARTTLS\n"
        await stream.write(b"ready\n")
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*sys.argv[1:])
        stream = await stream.start_tls(True, context)
        await stream.write(await stream.read_until(b"\n"))
        await stream.write(b"bye")
        stream.close()
async def main():
    server = Server()
    server.listen(0, "127.0.0.1")
    print(next(iter(server._sockets.values())).getsockname()[1], flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"#;

#[test]
fn tornados_client_upgrades_a_connection_to_our_server() -> Result {
    let Some(python) = peers::python() else { return Ok(()) };
    let authority = Authority::new("Test");
    let tls = ServerTls::new(&server_options(&authority.issue(&["localhost"])))?;
    let server = TcpServer::new(async move |mut stream: IoStream, _peer| {
        assert_eq!(stream.read_until(b"\n").await?, "STARTTLS\n");
        stream.write("ready\n");
        let mut stream = stream.start_tls_server(&tls).await?;
        let line = stream.read_until(b"\n").await?;
        stream.write(line);
        stream.write("bye");
        stream.flush().await?;
        stream.close();
        Ok(())
    })
    .listen_with(0, &BindOptions::default().address("127.0.0.1"))?;
    let port = server.port().unwrap().to_string();
    let ca = std::env::temp_dir().join(format!("firewhirl-python-ca-{}.pem", std::process::id()));
    std::fs::write(&ca, authority.pem())?;
    IoLoop::current().run_sync(async move {
        let mut command = Command::new(python);
        command.args(["-c", CLIENT, &port]).arg(&ca);
        let output = tokio::task::spawn_blocking(move || command.output()).await??;
        std::fs::remove_file(&ca)?;
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(said, "1000001 TLSv1.3 bye\n", "{}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    })
}

#[test]
fn our_client_upgrades_a_connection_to_tornados_server() -> Result {
    let Some(python) = peers::python() else { return Ok(()) };
    let authority = Authority::new("Test");
    let issued = authority.issue(&["localhost"]);
    let folder = std::env::temp_dir().join(format!("firewhirl-python-server-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let (cert, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    std::fs::write(&cert, &issued.cert)?;
    std::fs::write(&key, &issued.key)?;
    let mut server = Command::new(python).args(["-c", SERVER]).arg(cert).arg(key).stdout(Stdio::piped()).spawn()?;
    let mut port = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut port)?;
    let tls = ClientTls::new(&client_options(&authority))?;
    let ended = IoLoop::current().run_sync(async move {
        let connecting = TcpClient::new().connect(("localhost", port.trim().parse()?));
        let mut stream = connecting.timeout(PATIENCE).await?;
        stream.write("STARTTLS\n");
        assert_eq!(stream.read_until(b"\n").await?, "ready\n");
        let stream = stream.start_tls_client(&tls, "localhost").await?;
        let mut line = vec![b'x'; 1_000_000];
        line.push(b'\n');
        let (mut reader, writer) = stream.split();
        let sending = IoLoop::current().spawn(async move {
            writer.write(line);
            writer.flush().await
        });
        assert_eq!(reader.read_until(b"\n").await?.len(), 1_000_001);
        // Python's `close` tells no end of TLS, so what it sent last is all that is known.
        assert_eq!(reader.read_bytes(3).await?, "bye");
        sending.await??;
        Ok(())
    });
    server.kill()?;
    server.wait()?;
    std::fs::remove_dir_all(&folder)?;
    ended
}
