//! {{name}}: the program, which reads its options and runs what `lib.rs` builds.
//!
//!     cargo run -- --help

use firewhirl::prelude::*;

fn main() -> Result {
    firewhirl::run::main({{crate}}::app)
}
