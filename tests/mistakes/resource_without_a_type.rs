//! Nothing says which resource is asked for.

use firewhirl::prelude::*;

async fn motto(cx: &Context) -> Result {
    let motto = cx.resource()?;
    cx.write(motto.to_string())
}

fn main() {
    Application::new().resource(String::from("All the news")).get("/", motto);
}
