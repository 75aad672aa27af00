//! The builder's methods take the application and give it back; here it is lost.

use firewhirl::prelude::*;

fn main() {
    let application = Application::new();
    application.get("/", async |cx| cx.write("Hello, world"));
    application.get("/about", async |cx| cx.write("About us"));
}
