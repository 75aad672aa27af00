//! What the server knows of whoever asks; behind a proxy it is the proxy that tells.

use firewhirl::prelude::*;

pub(crate) fn routes(site: Application) -> Application {
    site.get("/visitor", visitor)
}

async fn visitor(cx: &Context) -> Result {
    let request = &cx.request;
    let address = request.remote_ip().map(|address| address.to_string()).unwrap_or_default();
    cx.set_header("Content-Type", "text/plain; charset=utf-8")?;
    cx.write(format!("address: {address}\n"))?;
    cx.write(format!("protocol: {}, {:?}\n", request.protocol(), request.version()))?;
    cx.write(format!("host: {}\n", request.host()))?;
    cx.write(format!("process: {}\n", std::process::id()))
}
