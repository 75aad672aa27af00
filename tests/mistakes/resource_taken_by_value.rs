//! A resource is taken as a value; all requests of a worker share it.

use firewhirl::prelude::*;

struct Motto(String);

async fn motto(cx: &Context) -> Result {
    let motto: Motto = cx.resource()?;
    cx.write(motto.0)
}

fn main() {
    Application::new().resource(Motto("All the news".into())).get("/", motto);
}
