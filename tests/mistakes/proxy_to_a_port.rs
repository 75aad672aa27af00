//! A proxy is given a port alone.

use firewhirl::prelude::*;

fn main() {
    Application::new().fallback(proxy(8000));
}
