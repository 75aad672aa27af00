//! Firewhirl as a reverse proxy: `peer-proxy-firewhirl PORT UPSTREAM_PORT`, an `Application` without a
//! route of its own, as it is without options.

use firewhirl::prelude::*;
use firewhirl::tcp::BindOptions;

fn main() -> Result {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().expect("peer-proxy-firewhirl PORT UPSTREAM_PORT");
    let port = next().parse()?;
    let upstream = format!("http://127.0.0.1:{}", next());

    let app = async move || Ok(Application::new().fallback(proxy(&upstream)));
    HttpServer::new(app).listen_with(port, &BindOptions::default().address("127.0.0.1").backlog(4096))?;
    IoLoop::current().start()
}
