//! A route's name is given beside its URL, as in Tornado.

use firewhirl::prelude::*;

fn main() {
    Application::new().get(("/", "home"), async |cx| cx.write("Hello, world"));
}
