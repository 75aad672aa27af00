//! An argument's default is given as in Tornado.

use firewhirl::prelude::*;

fn main() {
    Application::new().get("/", async |cx| cx.write(cx.argument("name", "nobody")?));
}
