//! TLS in the middle of a connection.

use firewhirl_event::{IoLoop, IoStream, Result};
use firewhirl_tcp::tls::{ClientTls, ServerTls, StartTls, TlsError, session};

use super::sides;

/// A server of a protocol with an upgrade, up to the point where TLS begins.
async fn upgrade(mut stream: IoStream, tls: ServerTls) -> std::result::Result<IoStream, TlsError> {
    assert_eq!(stream.read_until(b"\r\n").await?, "STARTTLS\r\n");
    stream.write("220 ready\r\n");
    stream.start_tls_server(&tls).await
}

#[test]
fn a_connection_goes_on_with_tls() -> Result {
    let (server, client) = sides();
    IoLoop::current().run_sync(async move {
        let (mut near, far) = IoStream::pair()?;
        let upgrading = IoLoop::current().spawn(upgrade(far, server));
        near.write("STARTTLS\r\n");
        assert_eq!(near.read_until(b"\r\n").await?, "220 ready\r\n");
        let near = near.start_tls_client(&client, "example.org").await?;
        let far = upgrading.await??;
        assert!(session(&near).is_some() && session(&far).is_some());
        Ok(())
    })
}

#[test]
fn what_was_queued_in_the_clear_is_sent_in_the_clear() -> Result {
    let (server, client) = sides();
    IoLoop::current().run_sync(async move {
        let (mut near, far) = IoStream::pair()?;
        let upgrading = IoLoop::current().spawn(upgrade(far, server));
        near.write("STARTTLS\r\n");
        assert_eq!(near.read_until(b"\r\n").await?, "220 ready\r\n");
        let (near, far) = (near.start_tls_client(&client, "example.org").await?, upgrading.await??);
        assert_eq!((near.pending_write(), far.pending_write()), (0, 0));
        Ok(())
    })
}

#[test]
fn commands_slipped_in_before_tls_are_neither_obeyed_nor_taken_as_tls() -> Result {
    let (server, _) = sides();
    IoLoop::current().run_sync(async move {
        let (mut near, far) = IoStream::pair()?;
        let upgrading = IoLoop::current().spawn(upgrade(far, server));
        near.write("STARTTLS\r\nMAIL FROM:<mallory@example.org>\r\n");
        near.flush().await?;
        assert!(matches!(upgrading.await?, Err(TlsError::UnreadBytes { count: 33 })));
        Ok(())
    })
}

#[test]
fn an_answer_slipped_in_before_tls_is_no_answer_over_tls() -> Result {
    let (_, client) = sides();
    IoLoop::current().run_sync(async move {
        let (mut near, mut far) = IoStream::pair()?;
        far.write("220 ready\r\n250 all is well\r\n");
        far.flush().await?;
        assert_eq!(near.read_until(b"\r\n").await?, "220 ready\r\n");
        let refused = near.start_tls_client(&client, "example.org").await;
        assert!(matches!(refused, Err(TlsError::UnreadBytes { count: 17 })), "{refused:?}");
        Ok(())
    })
}

#[test]
fn a_name_that_is_none_is_refused_before_anything_is_sent() -> Result {
    let (_, client) = sides();
    let check = async |client: &ClientTls, name: &str| {
        let (near, mut far) = IoStream::pair().unwrap();
        let refused = client.connect(near, name).await;
        assert!(matches!(refused, Err(TlsError::ServerName { .. })), "{name:?}");
        assert_eq!(far.read_until_close().await.unwrap(), "", "{name:?}");
    };
    IoLoop::current().run_sync(async move {
        for name in ["", "exa mple.org", "-", "a..b", "example.org:443", &"a".repeat(300)] {
            check(&client, name).await;
        }
        Ok(())
    })
}
