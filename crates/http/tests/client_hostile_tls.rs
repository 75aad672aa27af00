//! A client among servers that promise TLS: those that speak something else, break the handshake off, and end a
//! connection in such a way that anybody on the network could have done it.

#[path = "../../../tests/support/certificates.rs"]
mod certificates;
#[path = "client_hostile/server.rs"]
mod server;
#[path = "client_hostile/sockets.rs"]
mod sockets;
#[path = "client_hostile/told.rs"]
mod told;

use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::rc::Rc;
use std::time::{Duration, Instant};

use certificates::Authority;
use firewhirl_event::{IoLoop, IoStream, Result};
use firewhirl_http::client::{ConnectionPool, Destination, OutgoingRequest, PoolOptions, Scheme, Versions};
use firewhirl_tcp::tls::{ClientTls, ServerTls, SslOptions};
use http::Method;
use server::HostileServer;
use server::Step::{self, *};
use server::take_all;
use sockets::sockets_to;

const SHORT: Duration = Duration::from_millis(300);
const LONG: Duration = Duration::from_secs(30);

fn run(test: impl Future<Output = Result>) {
    let io_loop = IoLoop::new().unwrap();
    io_loop.run_sync_timeout(Duration::from_secs(60), test).unwrap();
    io_loop.close().unwrap();
}

/// What a GET of the server gives, within this time for the handshake.
async fn fetch(pool: &ConnectionPool, port: u16, time: Duration) -> String {
    let destination = Destination::new(Scheme::Https, "localhost", port).versions(Versions::Http1);
    let mut request = OutgoingRequest::new(Rc::new(destination), Method::GET, "/");
    request.connect_timeout = Some(time);
    told::told(pool.send(request).await).await
}

/// What is shown, what the server does once the client has begun its handshake, and what the fetch gives.
type Case = (&'static str, &'static [Step], &'static str);

#[rustfmt::skip]
const CASES: &[Case] = &[
    ("nothing",                 &[],                                                              "Tls or closed"),
    ("HTTP in clear",           &[Say(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")], "Tls"),
    ("a greeting of mail",      &[Say(b"220 mail ESMTP\r\n"), Silence],                           "Tls"),
    ("null bytes",              &[Say(&[0; 100]), Silence],                                       "Tls"),
    ("garbage without end",     &[Repeat(b"garbage")],                                            "Tls"),
    ("an alert",                &[Say(b"\x15\x03\x03\0\x02\x02\x28"), Silence],                   "Tls"),
    ("warnings without end",    &[Repeat(b"\x15\x03\x03\0\x02\x01\x5a")],                         "Tls"),
    ("empty records",           &[Repeat(b"\x16\x03\x03\0\0")],                                   "Tls"),
    ("a record that is too long", &[Say(b"\x16\x03\x03\xff\xff"), Repeat(b"x")],                  "Tls"),
    ("a message without end",   &[Say(b"\x16\x03\x03\x40\x00\x02\xff\xff\xff"), Repeat(b"x")],    "Tls"),
    ("half a record",           &[Say(b"\x16\x03\x03\0\x50\x02")],                                "Tls or closed"),
    ("half a record, in silence", &[Say(b"\x16\x03\x03\0\x50\x02"), Silence],                     "timeout"),
    ("the client's own hello",  &[Say(b"\x16\x03\x01\0\x04\x01\0\0\0"), Silence],                 "Tls"),
    ("data before a handshake", &[Say(b"\x17\x03\x03\0\x05hello"), Silence],                      "Tls"),
    ("a reset",                 &[Reset],                                                         "Tls or reset"),
    ("silence",                 &[Silence],                                                       "timeout"),
    ("a byte at a time",        &[Trickle],                                                       "Tls or timeout"),
];

#[test]
fn a_handshake_that_is_none_is_told_in_time_and_leaves_no_connection() {
    run(async {
        let authority = Authority::new("Test");
        let tls = ClientTls::new(&SslOptions::new().ca_pem(authority.pem()))?;
        let pool = ConnectionPool::new(PoolOptions::new().tls(tls));
        let mut wrong = Vec::new();
        for &(what, script, expected) in CASES {
            let server = HostileServer::serve(async move |mut stream| {
                stream.read_bytes(64 * 1024).partial().await?;
                take_all(script, &mut stream).await
            });
            let time = if expected.ends_with("timeout") { SHORT } else { LONG };
            let began = Instant::now();
            let found = fetch(&pool, server.port, time).await;
            if !expected.split(" or ").any(|expected| found == expected) || began.elapsed() > Duration::from_secs(15) {
                wrong.push(format!("{what}: {found} after {:?}, not {expected}", began.elapsed()));
            }
            if (server.accepted(), sockets_to(server.port, 0).await) != (1, 0) {
                wrong.push(format!("{what}: {} connections, and one is left", server.accepted()));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        Ok(())
    });
}

#[test]
fn a_connection_that_is_cut_without_goodbye_is_not_the_end_of_a_body() {
    #[rustfmt::skip]
    const CASES: &[(&str, &str, bool, &str)] = &[
        ("a length",              "Content-Length: 5\r\n\r\nHello",                         false, "200 \"Hello\""),
        ("until close, goodbye",  "Connection: close\r\n\r\nHello",                         true,  "200 \"Hello\""),
        ("until close, cut",      "Connection: close\r\n\r\nHello",                         false, "closed by UnexpectedEof"),
        ("half a length, goodbye", "Content-Length: 50\r\n\r\nHello",                       true,  "closed"),
        ("half a length, cut",    "Content-Length: 50\r\n\r\nHello",                        false, "closed by UnexpectedEof"),
        ("half of chunks, cut",   "Transfer-Encoding: chunked\r\n\r\n5\r\nHello\r\n",       false, "closed by UnexpectedEof"),
    ];
    run(async {
        let authority = Authority::new("Test");
        let issued = authority.issue(&["localhost"]);
        let own = ServerTls::new(&SslOptions::new().cert_pem(&issued.cert).key_pem(&issued.key))?;
        let tls = ClientTls::new(&SslOptions::new().ca_pem(authority.pem()))?;
        let mut wrong = Vec::new();
        for &(what, rest, says_goodbye, expected) in CASES {
            let own = own.clone();
            let server = HostileServer::serve(move |stream: IoStream| {
                let own = own.clone();
                async move {
                    let tcp = stream.transport().and_then(|transport| transport.as_tcp()).unwrap();
                    let beneath = TcpStream::from(tcp.as_fd().try_clone_to_owned().unwrap());
                    let mut stream = own.accept(stream).await.unwrap();
                    stream.read_until(b"\r\n\r\n").await?;
                    stream.write(format!("HTTP/1.1 200 OK\r\n{rest}"));
                    stream.flush().await?;
                    if says_goodbye {
                        stream.close_write().await?;
                    }
                    // An error where the client has left meanwhile.
                    let _ = beneath.shutdown(Shutdown::Write);
                    stream.read_until_close().await.map(drop)
                }
            });
            let pool = ConnectionPool::new(PoolOptions::new().tls(tls.clone()));
            let found = fetch(&pool, server.port, LONG).await;
            if found != expected {
                wrong.push(format!("{what}: {found}, not {expected}"));
            }
            if sockets_to(server.port, 0).await > 0 {
                wrong.push(format!("{what}: a connection is left"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        Ok(())
    });
}
