//! An option of a type that no text can be parsed as.

use firewhirl::run::options::define;

#[derive(Clone, Debug)]
enum Mode {
    Fast,
}

fn main() {
    let mode = define("mode", Mode::Fast);
    println!("{:?}", mode.get());
}
