//! Fetches URLs and prints what comes, without a loop of its own to speak of: a client for scripts.
//!
//!     cargo run --example fetch -- http://example.com/
//!     cargo run --example fetch -- --print-headers --print-body=false http://example.com/ http://example.org/
//!
//! The options are those of `python -m tornado.httpclient`. For `https://` add `--features tls` before the `--`.

use firewhirl::http::{HttpClient, HttpResponse};
use firewhirl::prelude::*;
use firewhirl::run::options::{define, parse_command_line};

fn main() -> Result {
    let print_headers = define("print_headers", false).help("print status and headers");
    let print_body = define("print_body", true).help("print the body");
    let follow_redirects = define("follow_redirects", true).help("go where redirects lead");
    let validate_cert = define("validate_cert", true).help("refuse a server whose certificate is not valid");
    let proxy_host = define("proxy_host", "").help("proxy to ask by").metavar("HOST");
    let proxy_port = define("proxy_port", 3128_u16).help("port of the proxy");
    let urls = parse_command_line()?;

    let client = HttpClient::new()?;
    for url in urls {
        let request = HttpRequest::new(url)
            .follow_redirects(follow_redirects.get())
            .validate_cert(validate_cert.get())
            .proxy_host(proxy_host.get())
            .proxy_port(proxy_port.get());
        let response = match client.fetch(request) {
            // An error page is a page too.
            Err(HttpClientError::Status(response)) => *response,
            fetched => fetched?,
        };
        if print_headers.get() {
            print_head(&response);
        }
        if print_body.get() {
            println!("{}", response.text());
        }
    }
    Ok(())
}

fn print_head(response: &HttpResponse) {
    println!("{:?} {} {}", response.version(), response.code(), response.reason());
    for (name, value) in response.fields() {
        println!("{name}: {}", String::from_utf8_lossy(value));
    }
    println!();
}
