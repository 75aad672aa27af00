//! hyper-util's client: hyper's connection with a pool, as it is without options.
//!
//! Usage: `peer-client-hyper-util PORT IN_FLIGHT`, rounds on the input.

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::{StatusCode, Uri};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use load_rounds::{BODY, Failure, Left, arguments, each_round};

fn main() -> Result<(), Failure> {
    let (port, in_flight) = arguments();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let url: Uri = format!("http://127.0.0.1:{port}/plaintext").parse()?;
    let client: Client<_, Empty<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    each_round(|requests| {
        let left = Left::new(requests);
        let tasks: Vec<_> = (0..in_flight)
            .map(|_| runtime.spawn(fetch_while_left(client.clone(), url.clone(), left.clone())))
            .collect();
        for task in tasks {
            runtime.block_on(task)??;
        }
        Ok(())
    })
}

async fn fetch_while_left(client: Client<HttpConnector, Empty<Bytes>>, url: Uri, left: Left) -> Result<(), Failure> {
    while left.take() {
        let response = client.get(url.clone()).await?;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.into_body().collect().await?.to_bytes(), BODY);
    }
    Ok(())
}
