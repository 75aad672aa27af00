//! An option without a default, whose type nothing says.

use firewhirl::run::options::define;

fn main() {
    let config = define("config", None).help("path to config file");
    println!("{:?}", config.get());
}
