//! TLS that begins in the middle of a connection: Tornado's `IOStream.start_tls`.

use firewhirl_event::IoStream;

use super::{ClientTls, ServerTls, TlsError};

/// What a stream can be asked for once TLS is there.
///
/// # Examples
///
/// A server of mail that is asked for TLS:
///
/// ```
/// use firewhirl_event::{IoStream, Result};
/// use firewhirl_tcp::tls::{ServerTls, StartTls};
///
/// async fn greet(mut stream: IoStream, tls: &ServerTls) -> Result {
///     stream.write("220 example.org ESMTP\r\n");
///     while stream.read_until(b"\r\n").await? != "STARTTLS\r\n" {
///         stream.write("530 Must issue a STARTTLS command first\r\n");
///     }
///     stream.write("220 Ready to start TLS\r\n");
///     let mut stream = stream.start_tls_server(tls).await?;
///     stream.read_until(b"\r\n").await?;
///     Ok(())
/// }
/// ```
pub trait StartTls: Sized {
    /// Goes on with TLS as its server. What is queued is sent first, in the clear. Tornado's
    /// `start_tls(server_side=True, ssl_options)`.
    ///
    /// # Errors
    ///
    /// [`TlsError::UnreadBytes`] if the stream holds bytes that have not been read. They came in the clear
    /// after the command that asked for TLS, so nobody knows from whom: taken as the protocol's they would
    /// be an attacker's way into what TLS is to protect (CVE-2011-0411), taken as TLS they were never sent
    /// by a client that waits for the answer, as it must. Otherwise those of [`ServerTls::accept`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the stream.
    fn start_tls_server(self, tls: &ServerTls) -> impl Future<Output = Result<IoStream, TlsError>>;

    /// Goes on with TLS as its client; `server_name` as of [`ClientTls::connect`]. What is queued is sent
    /// first, in the clear. Tornado's `start_tls(server_side=False, ssl_options, server_hostname)`.
    ///
    /// # Errors
    ///
    /// [`TlsError::UnreadBytes`] as of [`start_tls_server`](Self::start_tls_server): a server that has
    /// agreed to TLS waits for its client. Otherwise those of [`ClientTls::connect`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the stream.
    fn start_tls_client(self, tls: &ClientTls, server_name: &str) -> impl Future<Output = Result<IoStream, TlsError>>;
}

impl StartTls for IoStream {
    async fn start_tls_server(self, tls: &ServerTls) -> Result<IoStream, TlsError> {
        nothing_unread(&self)?;
        tls.accept(self).await
    }

    async fn start_tls_client(self, tls: &ClientTls, server_name: &str) -> Result<IoStream, TlsError> {
        nothing_unread(&self)?;
        tls.connect(self, server_name).await
    }
}

fn nothing_unread(stream: &IoStream) -> Result<(), TlsError> {
    match stream.buffer().len() {
        0 => Ok(()),
        count => Err(TlsError::UnreadBytes { count }),
    }
}
