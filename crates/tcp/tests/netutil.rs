//! Listening sockets, and what is an IP address: Tornado's `netutil_test` and what it leaves out.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use firewhirl_tcp::{BindOptions, Family, bind_sockets, bind_unix_socket, is_valid_ip};

fn on(address: &str) -> BindOptions {
    BindOptions::default().address(address)
}

fn port(socket: &TcpListener) -> u16 {
    socket.local_addr().unwrap().port()
}

/// A path in the temporary directory that no other test has, without a file.
fn unused_path(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("firewhirl-{name}-{}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    path
}

#[test]
fn only_literal_addresses_are_valid_ips() {
    for (text, valid) in [
        ("127.0.0.1", true),
        ("4.4.4.4", true),
        ("::1", true),
        ("2620:0:1cfe:face:b00c::3", true),
        ("www.google.com", false),
        ("localhost", false),
        ("4.4.4.4<", false),
        (" 127.0.0.1", false),
        ("127.0.0.1:80", false),
        ("[::1]", false),
        ("", false),
        (" ", false),
        ("\n", false),
        ("\0", false),
        ("127.0.0.1\0", false),
        ("0177.0.0.1", false),
        ("127.1", false),
        (&"a".repeat(100), false),
    ] {
        assert_eq!(is_valid_ip(text), valid, "{text:?}");
    }
}

#[test]
fn all_addresses_get_the_same_free_port() {
    for options in [BindOptions::default(), on("localhost"), on("")] {
        let sockets = bind_sockets(0, &options).unwrap();
        assert_ne!(port(&sockets[0]), 0);
        assert!(sockets.iter().all(|socket| port(socket) == port(&sockets[0])));
    }
}

#[test]
fn every_interface_means_both_families_ipv4_first() {
    let sockets = bind_sockets(0, &BindOptions::default()).unwrap();
    let addresses: Vec<String> = sockets.iter().map(|socket| socket.local_addr().unwrap().ip().to_string()).collect();
    // A system without IPv6 has the first alone.
    assert_eq!(addresses, ["0.0.0.0", "::"][..addresses.len()]);
}

#[test]
fn a_family_is_kept_to() {
    for (family, is_ipv4) in [(Family::V4, true), (Family::V6, false)] {
        let sockets = bind_sockets(0, &BindOptions::default().family(family)).unwrap();
        assert!(sockets.iter().all(|socket| socket.local_addr().unwrap().is_ipv4() == is_ipv4), "{family:?}");
    }
    let error = bind_sockets(0, &on("127.0.0.1").family(Family::V6)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrNotAvailable);
}

#[test]
fn a_port_is_shared_only_by_sockets_that_say_so() {
    let first = bind_sockets(0, &on("127.0.0.1").reuse_port(true)).unwrap();
    let second = bind_sockets(port(&first[0]), &on("127.0.0.1").reuse_port(true)).unwrap();
    assert_eq!(port(&second[0]), port(&first[0]));
    let error = bind_sockets(port(&first[0]), &on("127.0.0.1")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
}

#[test]
fn an_address_that_is_not_ours_is_an_error() {
    assert_eq!(bind_sockets(0, &on("192.0.2.1")).unwrap_err().kind(), ErrorKind::AddrNotAvailable);
    assert!(bind_sockets(0, &on("no such host")).is_err());
}

#[test]
fn sockets_listen_and_do_not_block() {
    let sockets = bind_sockets(0, &on("127.0.0.1")).unwrap();
    assert_eq!(sockets[0].accept().unwrap_err().kind(), ErrorKind::WouldBlock);
    TcpStream::connect((Ipv4Addr::LOCALHOST, port(&sockets[0]))).unwrap();
}

#[test]
fn a_unix_socket_has_the_mode_asked_for() {
    for mode in [0o600, 0o660, 0o666] {
        let path = unused_path(&format!("mode-{mode:o}"));
        let _socket = bind_unix_socket(&path, mode, &BindOptions::default()).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, mode);
        UnixStream::connect(&path).unwrap();
        std::fs::remove_file(path).unwrap();
    }
}

#[test]
fn a_stale_unix_socket_is_replaced() {
    let path = unused_path("stale");
    drop(bind_unix_socket(&path, 0o600, &BindOptions::default()).unwrap());
    assert_eq!(UnixStream::connect(&path).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    let _socket = bind_unix_socket(&path, 0o600, &BindOptions::default()).unwrap();
    UnixStream::connect(&path).unwrap();
    std::fs::remove_file(path).unwrap();
}

#[test]
fn a_file_that_is_no_socket_is_left_alone() {
    let path = unused_path("file");
    std::fs::write(&path, "precious").unwrap();
    let error = bind_unix_socket(&path, 0o600, &BindOptions::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert!(error.to_string().ends_with("exists and is not a socket"), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
    std::fs::remove_file(path).unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn an_abstract_name_has_no_file() -> io::Result<()> {
    use std::os::linux::net::SocketAddrExt;

    let name = format!("firewhirl-abstract-{}", std::process::id());
    let _socket = bind_unix_socket(format!("\0{name}"), 0o600, &BindOptions::default())?;
    UnixStream::connect_addr(&std::os::unix::net::SocketAddr::from_abstract_name(&name)?)?;
    Ok(())
}
