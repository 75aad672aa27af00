//! A router is given as the fallback, which has to answer everything.

use firewhirl::prelude::*;

fn main() {
    let rest = Router::new().get("/", async |cx| cx.write("the rest"));
    Application::new().fallback(rest);
}
