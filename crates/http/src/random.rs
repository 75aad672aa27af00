//! Text that nobody else can guess, for what two sides must not choose alike.

use std::hash::{BuildHasher, RandomState};
use std::time::Instant;

/// 32 hexadecimal digits: the hash of the standard library, whose keys come from the system.
pub(crate) fn random_token() -> String {
    let random = || RandomState::new().hash_one(Instant::now());
    format!("{:016x}{:016x}", random(), random())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_are_alike() {
        let tokens: std::collections::HashSet<String> = (0..100).map(|_| random_token()).collect();
        assert_eq!(tokens.len(), 100);
        assert!(tokens.iter().all(|token| token.len() == 32));
    }
}
