//! An application is mounted where a router is meant.

use firewhirl::prelude::*;

fn main() {
    let admin = Application::new().get("/", async |cx| cx.write("the dashboard"));
    Application::new().mount("/admin", admin);
}
