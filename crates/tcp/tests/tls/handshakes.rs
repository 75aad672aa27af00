//! Handshakes that do not come to their end: each is over within its limit, and says why.

use std::time::Duration;

use firewhirl_event::iostream::MemoryPair;
use firewhirl_event::{IoLoop, IoStream, Result};
use firewhirl_tcp::tls::{ClientTls, ServerTls, TlsError};

use super::{Authority, server_options, shake_over, sides};

/// What a server says of a client that sends these bytes and then leaves, or stays.
async fn verdict(server: &ServerTls, bytes: &[u8], leaves: bool) -> TlsError {
    let (mut near, far) = IoStream::pair().unwrap();
    near.write(bytes);
    near.flush().await.unwrap();
    if leaves {
        near.close();
    }
    server.accept(far).await.unwrap_err()
}

#[test]
fn noise_is_told_apart() -> Result {
    let authority = Authority::new("Test");
    let options = server_options(&authority.issue(&["example.org"])).handshake_timeout(Duration::from_millis(50));
    let server = ServerTls::new(&options)?;
    IoLoop::current().run_sync(async move {
        let gone = verdict(&server, b"", true).await;
        assert!(gone.is_quiet(), "a port scan: {gone}");
        let gone = verdict(&server, b"\x16\x03\x01\x02\x00\x01", true).await;
        assert!(gone.is_quiet(), "a client that thinks better of it: {gone}");
        let plain = verdict(&server, b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n", true).await;
        assert!(matches!(plain, TlsError::NotTls), "{plain:?}");
        let plain = verdict(&server, b"\x16\x03\x01\x00\x05hello", true).await;
        assert!(matches!(plain, TlsError::Handshake { .. }), "{plain:?}");
        let silent = verdict(&server, b"", false).await;
        assert!(silent.is_timeout() && !silent.is_quiet(), "{silent}");
        let slow = verdict(&server, b"\x16\x03\x01\x02\x00\x01", false).await;
        assert!(slow.is_timeout(), "{slow}");
        assert_eq!(slow.to_string(), "the TLS handshake took longer than 50ms");
        Ok(())
    })
}

#[test]
fn a_peer_is_told_what_is_wrong_with_its_handshake() -> Result {
    let (server, _) = sides();
    IoLoop::current().run_sync(async move {
        let (mut near, far) = IoStream::pair()?;
        near.write(b"hello");
        near.flush().await?;
        assert!(server.accept(far).await.is_err());
        let alert = near.read_until_close().await?;
        assert_eq!(alert[..5], *b"\x15\x03\x03\x00\x02", "{alert:?}");
        Ok(())
    })
}

#[test]
fn handshakes_are_the_same_however_the_network_cuts_them() -> Result {
    let (server, client) = sides();
    IoLoop::current().run_sync(async move {
        for seed in 0..60 {
            let (served, connected) = shake_over(MemoryPair::slow(seed), &server, &client, "example.org").await;
            assert!(served.is_ok() && connected.is_ok(), "seed {seed}");
        }
        Ok(())
    })
}

#[test]
fn handshakes_over_a_network_that_breaks_end_all_the_same() -> Result {
    let (server, client) = sides();
    IoLoop::current().run_sync(async move {
        for seed in 0..60 {
            let (served, connected) = shake_over(MemoryPair::faulty(seed), &server, &client, "example.org").await;
            for error in [served.err(), connected.err()].into_iter().flatten() {
                assert!(matches!(error, TlsError::Stream { .. }), "seed {seed}: {error:?}");
            }
        }
        Ok(())
    })
}

#[test]
fn what_a_handshake_may_hold_is_bounded() -> Result {
    let (server, _) = sides();
    IoLoop::current().run_sync(async move {
        let (near, far) = IoStream::pair()?;
        let accepting = IoLoop::current().spawn(async move { server.accept(far).await });
        // The beginning of a message that is longer than any may be, and then pieces of it without an end.
        let (_reader, writer) = near.split();
        writer.write(b"\x16\x03\x01\x00\x04\x01\xff\xff\xff");
        let mut sent = 0;
        while sent < 1 << 20 && writer.flush().await.is_ok() {
            writer.write(b"\x16\x03\x01\x00\x01x");
            sent += 6;
        }
        assert!(sent < 1 << 18, "{sent} bytes were taken");
        assert!(matches!(accepting.await?, Err(TlsError::Handshake { .. })));
        Ok(())
    })
}

#[test]
fn a_server_that_does_not_speak_tls_is_told_apart_by_its_client() -> Result {
    let (_, client) = sides();
    let greeted = async |client: &ClientTls, greeting: &str| {
        let (near, mut far) = IoStream::pair().unwrap();
        far.write(greeting);
        far.flush().await.unwrap();
        far.close_write().await.unwrap();
        client.connect(near, "example.org").await.unwrap_err()
    };
    IoLoop::current().run_sync(async move {
        let error = greeted(&client, "HTTP/1.1 400 Bad Request\r\n\r\n").await;
        assert!(matches!(error, TlsError::NotTls), "{error:?}");
        let error = greeted(&client, "").await;
        assert!(matches!(error, TlsError::Stream { .. }), "{error:?}");
        Ok(())
    })
}
