//! `IoStream` as tokio's `AsyncRead + AsyncWrite`, for libraries that take one.
//!
//! What the stream has buffered comes first in both directions; beyond that the bytes pass it by.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncBufRead, AsyncRead, AsyncWrite, ReadBuf};

use super::stream::{IoStream, WriteSide};

impl AsyncRead for IoStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, window: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let stream = self.get_mut();
        if stream.input.is_empty() {
            let Some(transport) = &mut stream.transport else { return Poll::Ready(Err(stream.closed_error().into())) };
            if stream.eof || window.remaining() == 0 {
                return Poll::Ready(Ok(()));
            }
            stream.input.release();
            let before = window.filled().len();
            return match ready!(Pin::new(transport).poll_read(cx, window)) {
                Ok(()) => {
                    stream.eof = window.filled().len() == before;
                    Poll::Ready(Ok(()))
                }
                Err(error) => Poll::Ready(Err(stream.break_off(error).into())),
            };
        }
        let count = window.remaining().min(stream.input.len());
        window.put_slice(&stream.input.as_slice()[..count]);
        stream.input.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncBufRead for IoStream {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let stream = self.get_mut();
        if stream.input.is_empty() {
            ready!(stream.poll_fill(cx))?;
        }
        Poll::Ready(Ok(stream.buffer()))
    }

    fn consume(self: Pin<&mut Self>, count: usize) {
        self.get_mut().input.advance(count);
    }
}

impl AsyncWrite for IoStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let stream = self.get_mut();
        if stream.writing() {
            ready!(stream.poll_flush(cx))?;
        }
        match &mut stream.transport {
            Some(transport) if stream.write_side == WriteSide::Open => {
                let written = ready!(Pin::new(transport).poll_write_vectored(cx, slices));
                Poll::Ready(written.map_err(|error| stream.write_failed(error).into()))
            }
            _ => Poll::Ready(Err(stream.closed_error().into())),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.transport.as_ref().is_some_and(|transport| transport.is_write_vectored())
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_flush(cx).map_err(io::Error::from)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_close_write(cx).map_err(io::Error::from)
    }
}
