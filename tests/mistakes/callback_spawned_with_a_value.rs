//! A callback on the loop ends with a value that nobody would get.

use firewhirl::prelude::*;

fn main() {
    IoLoop::current().spawn_callback(async { 42 });
}
