//! reqwest without its default features, as it is without options.
//!
//! Usage: `peer-client-reqwest PORT IN_FLIGHT`, rounds on the input.

use load_rounds::{BODY, Failure, Left, arguments, each_round};
use reqwest::{Client, StatusCode};

fn main() -> Result<(), Failure> {
    let (port, in_flight) = arguments();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let url = format!("http://127.0.0.1:{port}/plaintext");
    let client = Client::new();
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

async fn fetch_while_left(client: Client, url: String, left: Left) -> reqwest::Result<()> {
    while left.take() {
        let response = client.get(&url).send().await?;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.bytes().await?, BODY);
    }
    Ok(())
}
