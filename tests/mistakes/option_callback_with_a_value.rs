//! A callback of an option that gives a value back.

use firewhirl::run::options::define;

fn main() {
    define("port", 8888).callback(|port: &i32| *port > 0);
}
