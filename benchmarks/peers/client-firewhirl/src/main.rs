//! Firewhirl's client, as it is but for its limit of connections, which is Tornado's ten unless set.
//!
//! Usage: `peer-client-firewhirl PORT IN_FLIGHT`, rounds on the input.

use firewhirl::http::client::ClientOptions;
use firewhirl::prelude::*;
use load_rounds::{BODY, Left, arguments, each_round};

fn main() -> Result {
    let (port, in_flight) = arguments();
    let url = format!("http://127.0.0.1:{port}/plaintext");
    let client = AsyncHttpClient::with(ClientOptions::new().max_clients(in_flight));
    each_round(|requests| {
        let left = Left::new(requests);
        let round = async {
            let tasks: Vec<_> = (0..in_flight)
                .map(|_| IoLoop::current().spawn(fetch_while_left(client.clone(), url.clone(), left.clone())))
                .collect();
            for task in tasks {
                task.await??;
            }
            Ok(())
        };
        IoLoop::current().run_sync(round)
    })
}

async fn fetch_while_left(client: AsyncHttpClient, url: String, left: Left) -> Result {
    while left.take() {
        let response = client.fetch(&url).await?;
        assert_eq!(response.code(), 200);
        assert_eq!(response.body(), BODY);
    }
    Ok(())
}
