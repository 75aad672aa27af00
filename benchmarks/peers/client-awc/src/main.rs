//! awc, the client of actix, as it is but for its limit of connections, which is taken away as the
//! others have none.
//!
//! Usage: `peer-client-awc PORT IN_FLIGHT`, rounds on the input.

use awc::{Client, Connector, http::StatusCode};
use load_rounds::{BODY, Failure, Left, arguments, each_round};

fn main() -> Result<(), Failure> {
    let (port, in_flight) = arguments();
    let system = actix_rt::System::new();
    let url = format!("http://127.0.0.1:{port}/plaintext");
    let client = system.block_on(async { Client::builder().connector(Connector::new().limit(0)).finish() });
    each_round(|requests| {
        system.block_on(async {
            let left = Left::new(requests);
            let tasks: Vec<_> = (0..in_flight)
                .map(|_| actix_rt::spawn(fetch_while_left(client.clone(), url.clone(), left.clone())))
                .collect();
            for task in tasks {
                task.await?;
            }
            Ok(())
        })
    })
}

/// Panics where something is wrong: awc's errors are of several types.
async fn fetch_while_left(client: Client, url: String, left: Left) {
    while left.take() {
        let mut response = client.get(&url).send().await.expect("an answer");
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.body().await.expect("a whole body"), BODY);
    }
}
