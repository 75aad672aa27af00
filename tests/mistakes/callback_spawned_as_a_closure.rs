//! A closure is spawned where a future is expected.

use firewhirl::prelude::*;

fn main() {
    IoLoop::current().spawn_callback(async || println!("later"));
}
