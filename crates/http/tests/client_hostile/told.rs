//! What a fetch gives, as one line of text.

#![allow(dead_code, reason = "each test target uses its part of it")]

use std::io::ErrorKind;

use firewhirl_http::client::{HttpClientError, HttpResponse, IncomingResponse};

/// The status and the body, or the error: by its kind where the server broke a rule, else by its name.
pub(crate) async fn told(response: Result<IncomingResponse, HttpClientError>) -> String {
    let mut body = Vec::new();
    let mut response = match response {
        Ok(response) => response,
        Err(error) => return told_error(&error),
    };
    let status = response.status();
    loop {
        match response.next_chunk().await {
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return format!("{} \"{}\"", status.as_u16(), body.escape_ascii()),
            Err(error) => return told_error(&error),
        }
    }
}

/// The error in a word.
pub(crate) fn told_error(error: &HttpClientError) -> String {
    match error {
        HttpClientError::Protocol(error) => format!("{:?}", error.kind()),
        HttpClientError::BodyTooLarge { .. } => "BodyTooLarge".to_owned(),
        HttpClientError::Timeout { .. } => "timeout".to_owned(),
        HttpClientError::Closed { cause: None } => "closed".to_owned(),
        HttpClientError::Closed { cause: Some(cause) } => match cause.kind() {
            ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => "reset".to_owned(),
            kind => format!("closed by {kind:?}"),
        },
        HttpClientError::Status(response) => response.code().to_string(),
        HttpClientError::Tls(_) => "Tls".to_owned(),
        error => format!("{error:?}"),
    }
}

/// As [`told`], of a fetch that has come to its end: an error that holds another as the names of both.
pub(crate) fn told_fetch(fetched: Result<HttpResponse, HttpClientError>) -> String {
    let error = match fetched {
        Ok(response) => return format!("{} \"{}\"", response.code(), response.body().escape_ascii()),
        Err(error) => error,
    };
    let told = told_error(&error);
    let name = |told: &str| told.split([' ', '{']).next().unwrap_or_default().to_owned();
    match &error {
        HttpClientError::Redirect(_) | HttpClientError::Coding(_) => {
            let name = name(&told);
            let closing = name.matches('(').count();
            format!("{name}{}", ")".repeat(closing))
        }
        _ => told,
    }
}
