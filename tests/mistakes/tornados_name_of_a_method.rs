//! A method is called by Tornado's name.

use firewhirl::prelude::*;

fn main() {
    Application::new().get("/", async |cx| cx.write(cx.get_argument("name")?));
}
