//! A hook of the base handler stands in a handler; here it belongs into the site.

use firewhirl::prelude::*;

#[derive(Clone)]
struct Story;

impl Handler for Story {
    async fn write_error(&mut self, cx: &Context, error: &Error) -> Result {
        cx.write(error.to_string())
    }
}

fn main() {
    Application::new().route("/", Story);
}
