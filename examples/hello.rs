//! A web site on one page: an application, two routes, one handler.
//!
//!     cargo run --example hello [PORT]
//!
//! Then open http://localhost:8888/ and http://localhost:8888/hello/you?times=3

use firewhirl::prelude::*;

/// Greets whom the path names, as often as the query says.
#[derive(Clone)]
struct Greeting {
    word: &'static str,
}

impl Handler for Greeting {
    async fn get(&mut self, cx: &Context) -> Result {
        let name: String = cx.path("name")?;
        let times: usize = cx.query_argument_or("times", "1")?.parse().or_status(400)?;
        for _ in 0..times.min(100) {
            cx.write(format!("{}, {}!\n", self.word, xhtml_escape(&name)))?;
        }
        cx.set_header("Content-Type", "text/plain; charset=UTF-8")
    }
}

async fn app() -> Result<Application> {
    Ok(Application::new()
        .get("/", async |cx| cx.write("Hello, world"))
        .route(url("/hello/{name}").name("greeting"), Greeting { word: "Hello" }))
}

fn main() -> Result {
    let port = std::env::args().nth(1).map_or(Ok(8888), |port| port.parse())?;
    let server = HttpServer::new(app).listen(port)?;
    println!("listening on {}", server.url());
    IoLoop::current().start()
}
