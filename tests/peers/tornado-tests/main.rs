//! Serves what the test classes of PyPI tornado describe.
fn main() {}
