//! A resource is changed without a `Shared` around it.

use firewhirl::prelude::*;

struct Hits(u64);

async fn count(cx: &Context) -> Result {
    let hits = cx.resource::<Hits>()?;
    hits.0 += 1;
    cx.write(hits.0.to_string())
}

fn main() {
    Application::new().resource(Hits(0)).get("/", count);
}
