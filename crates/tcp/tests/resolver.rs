//! Names to addresses: Tornado's resolver tests.

use std::io::ErrorKind;
use std::net::SocketAddr;

use firewhirl_event::{IoLoop, Result};
use firewhirl_tcp::{Family, OverrideResolver, Resolver, SystemResolver};

fn resolve(resolver: &impl Resolver, host: &str, port: u16, family: Family) -> Result<Vec<SocketAddr>> {
    IoLoop::current().run_sync(async { Ok(resolver.resolve(host, port, family).await?) })
}

#[test]
fn localhost_is_the_loopback() {
    let addresses = resolve(&SystemResolver, "localhost", 80, Family::Any).unwrap();
    assert!(!addresses.is_empty());
    assert!(addresses.iter().all(|address| address.ip().is_loopback() && address.port() == 80));
}

#[test]
fn a_name_that_cannot_be_is_an_error() {
    for host in ["an invalid domain", "", "\0"] {
        assert!(resolve(&SystemResolver, host, 80, Family::Any).is_err(), "{host:?}");
    }
}

#[test]
fn a_literal_address_is_its_own_answer() {
    for (host, family, expected) in [
        ("127.0.0.1", Family::Any, Some("127.0.0.1:80")),
        ("127.0.0.1", Family::V4, Some("127.0.0.1:80")),
        ("127.0.0.1", Family::V6, None),
        ("::1", Family::Any, Some("[::1]:80")),
        ("::1", Family::V4, None),
    ] {
        match (resolve(&SystemResolver, host, 80, family), expected) {
            (Ok(addresses), Some(expected)) => assert_eq!(addresses, [expected.parse().unwrap()], "{host}"),
            (Err(error), None) => {
                let error = error.downcast::<std::io::Error>().unwrap();
                assert_eq!(error.kind(), ErrorKind::NotFound, "{host}");
            }
            (result, _) => panic!("{host} in {family:?} gave {result:?}"),
        }
    }
}

#[test]
fn the_most_exact_override_counts() {
    let resolver = OverrideResolver::new(SystemResolver)
        .host("google.com", "1.1.1.1")
        .host_and_port(("google.com", 80), ("1.2.3.4", 8080))
        .host_and_port_in(Family::V6, ("google.com", 80), ("2a02:6b8:7c:40c:c51e:495f:e23a:3", 80));
    for (host, port, family, expected) in [
        ("google.com", 80, Family::V6, "[2a02:6b8:7c:40c:c51e:495f:e23a:3]:80"),
        ("google.com", 80, Family::V4, "1.2.3.4:8080"),
        ("google.com", 80, Family::Any, "1.2.3.4:8080"),
        ("google.com", 443, Family::Any, "1.1.1.1:443"),
        ("127.0.0.1", 80, Family::Any, "127.0.0.1:80"),
    ] {
        let addresses = resolve(&resolver, host, port, family).unwrap();
        assert_eq!(addresses, [expected.parse().unwrap()], "{host}:{port} in {family:?}");
    }
}

#[test]
fn a_name_is_looked_up_off_the_loop() {
    IoLoop::current()
        .run_sync(async {
            // On one thread, whatever is ready runs before an answer from another can come.
            let mut looking_up = SystemResolver.resolve("localhost", 80, Family::Any);
            let first_poll = std::future::poll_fn(|cx| std::task::Poll::Ready(looking_up.as_mut().poll(cx))).await;
            assert!(first_poll.is_pending());
            assert!(!looking_up.await?.is_empty());
            Ok(())
        })
        .unwrap();
}
