//! Programs that are started with sockets and say how they are.

#[path = "../../../tests/support/peers.rs"]
mod peers;
mod support;

use std::net::TcpListener;
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use firewhirl_event::{IoStream, Result};
use firewhirl_process::{Service, ServiceEvent, ServiceOptions, SocketStore};
use firewhirl_tcp::{BindOptions, Listener, bind_unix_socket, handover};
use socket2::SockRef;
use support::{answer, ask, get, on_loop, process_of, program};

fn listening() -> (TcpListener, u16) {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    (socket, port)
}

fn named(socket: impl Into<OwnedFd>) -> [(String, OwnedFd); 1] {
    let socket = socket.into();
    [(handover::name_of(&socket), socket)]
}

/// The events up to one that is not of the kind `before`.
async fn until_ready(service: &Service, store: &mut SocketStore) -> Result {
    loop {
        match service.event().await {
            Some(ServiceEvent::Ready) => return Ok(()),
            Some(ServiceEvent::Stored { name, socket }) => drop(store.keep(&name, socket)?),
            other => panic!("{other:?} before it was ready"),
        }
    }
}

async fn exit_of(service: &Service) -> ExitStatus {
    loop {
        match service.event().await {
            Some(ServiceEvent::Exited(status)) => return status,
            Some(_) => {}
            None => panic!("its end was not told"),
        }
    }
}

#[test]
fn a_server_says_that_it_is_ready_and_gives_its_sockets_to_keep() {
    on_loop(async {
        let service = Service::spawn(program(&["serve", "0"]), ServiceOptions::default().stored_sockets(8))?;
        let mut store = SocketStore::default();
        until_ready(&service, &mut store).await?;
        let (name, socket) = store.sockets()?.pop().unwrap();
        let port = SockRef::from(&socket).local_addr()?.as_socket().unwrap().port();
        assert_eq!((name, store.len()), (format!("127.0.0.1-{port}-any"), 1));
        assert_eq!(process_of(&get(port, "/").await?), service.id());

        service.terminate();
        assert_eq!(exit_of(&service).await.code(), Some(0));
        assert_eq!(service.status().and_then(|status| status.code()), Some(0));

        // Nobody is there, and nobody is refused: the next one answers.
        let waiting = ask(port, "/").await?;
        let next = Service::spawn(
            program(&["serve", "0"]),
            ServiceOptions::default().sockets(store.sockets()?).stored_sockets(8),
        )?;
        assert_eq!(process_of(&answer(waiting).await?), next.id());
        until_ready(&next, &mut store).await?;
        assert_eq!(store.len(), 1, "what it has inherited it gives back, and that is the same socket");
        next.kill();
        assert!(!exit_of(&next).await.success());
        Ok(())
    });
}

#[test]
fn a_server_gives_no_socket_where_none_is_kept() {
    on_loop(async {
        let service = Service::spawn(program(&["serve", "0"]), ServiceOptions::default())?;
        let mut store = SocketStore::default();
        until_ready(&service, &mut store).await?;
        assert!(store.is_empty());
        service.terminate();
        exit_of(&service).await;
        Ok(())
    });
}

#[test]
fn a_unix_socket_is_inherited_by_its_path() {
    on_loop(async {
        let path = std::env::temp_dir().join(format!("firewhirl-service-{}.sock", std::process::id()));
        let socket = bind_unix_socket(&path, 0o600, &BindOptions::default())?;
        let mut waiting = IoStream::connect_unix(&path).await?;
        waiting.write("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        waiting.flush().await?;
        let service = Service::spawn(
            program(&["serve-unix", path.to_str().unwrap()]),
            ServiceOptions::default().sockets(named(socket)),
        )?;
        assert_eq!(process_of(&answer(waiting).await?), service.id());
        service.kill();
        exit_of(&service).await;
        std::fs::remove_file(&path)?;
        Ok(())
    });
}

#[test]
fn an_inherited_socket_for_both_families_stands_for_both_addresses() {
    let Ok(socket) = TcpListener::bind("[::]:0") else {
        eprintln!("skipped: this system has no IPv6");
        return;
    };
    assert!(!SockRef::from(&socket).only_v6().unwrap());
    let port = socket.local_addr().unwrap().port();
    on_loop(async move {
        let service = Service::spawn(
            program(&["serve-everywhere", &port.to_string()]),
            ServiceOptions::default().sockets(named(socket)),
        )?;
        until_ready(&service, &mut SocketStore::default()).await?;
        assert_eq!(process_of(&get(port, "/").await?), service.id());
        service.kill();
        exit_of(&service).await;
        Ok(())
    });
}

#[test]
fn no_inherited_socket_is_left_without_a_worker() {
    on_loop(async {
        // Four workers had a socket each; now there are two.
        let options = BindOptions::default().address("127.0.0.1").reuse_port(true);
        let first = Listener::bind(0, &options)?.remove(0);
        let port = first.address().unwrap().port();
        let mut sockets: Vec<OwnedFd> = vec![first.into()];
        for _ in 1..4 {
            sockets.push(Listener::bind(port, &options)?.remove(0).into());
        }
        let mut waiting = Vec::new();
        for _ in 0..40 {
            waiting.push(ask(port, "/").await?);
        }
        let service = Service::spawn(
            program(&["workers", "2", &port.to_string()]),
            ServiceOptions::default().sockets(sockets.into_iter().flat_map(named)),
        )?;
        for stream in waiting {
            assert_eq!(process_of(&answer(stream).await?), service.id());
        }
        service.kill();
        exit_of(&service).await;
        Ok(())
    });
}

#[test]
fn a_socket_can_be_taken_by_its_name() {
    on_loop(async {
        let (web, web_port) = listening();
        let (other, other_port) = listening();
        let sockets = [("other".to_owned(), other.into()), ("web".to_owned(), web.into())];
        let service = Service::spawn(program(&["named", "web"]), ServiceOptions::default().sockets(sockets))?;
        assert_eq!(process_of(&get(web_port, "/").await?), service.id());
        // The other one is open, and nobody answers.
        let waiting = tokio::time::timeout(Duration::from_millis(300), get(other_port, "/"));
        assert!(waiting.await.is_err());
        service.kill();
        exit_of(&service).await;
        Ok(())
    });
}

#[test]
fn what_nobody_has_taken_is_told_and_closed_on_demand() {
    on_loop(async {
        let (taken, port) = listening();
        let (left, left_port) = listening();
        let sockets = [("left".to_owned(), left.into()), ("taken".to_owned(), taken.into())];
        let mut command = program(&["unclaimed", &port.to_string()]);
        let (reader, writer) = std::io::pipe()?;
        command.stdout(writer);
        let options = ServiceOptions::default().sockets(sockets).stored_sockets(4);
        let service = Service::spawn(command, options)?;
        let mut said = IoStream::pipe_reader(reader.into())?;
        assert_eq!(said.read_until(b"\n").await?, format!("listening on {port}\n"));
        assert_eq!(said.read_until(b"\n").await?, format!("unclaimed 127.0.0.1:{left_port} (left)\n"));
        assert_eq!(said.read_until(b"\n").await?, "closed 1\n");
        match service.event().await {
            Some(ServiceEvent::Removed { name }) => assert_eq!(name, "left"),
            other => panic!("{other:?}"),
        }
        assert!(IoStream::connect(support::local(left_port)).await.is_err(), "it is closed");
        assert_eq!(process_of(&get(port, "/").await?), service.id());
        service.kill();
        exit_of(&service).await;
        Ok(())
    });
}

#[test]
fn what_a_program_says_comes_in_order_and_before_its_end() {
    on_loop(async {
        let said = ["STATUS=warming up", "RELOADING=1", "READY=1", "WATCHDOG=1", "STOPPING=1", "FDSTOREREMOVE=1"];
        let command = program(&[&["say"], &said[..], &["FDNAME=web"]].concat());
        let service = Service::spawn(command, ServiceOptions::default())?;
        let mut heard = Vec::new();
        while let Some(event) = service.event().await {
            heard.push(format!("{event:?}"));
        }
        let end = heard.pop().unwrap();
        assert!(end.starts_with("Exited"), "{end}");
        let expected =
            ["Status(\"warming up\")", "Reloading", "Ready", "Watchdog", "Stopping", "Removed { name: \"web\" }"];
        assert_eq!(heard, expected);
        Ok(())
    });
}

#[test]
fn what_a_program_s_own_children_say_is_not_heard() {
    on_loop(async {
        let service = Service::spawn(program(&["have-said", "READY=1"]), ServiceOptions::default())?;
        match service.event().await {
            Some(ServiceEvent::Exited(status)) => assert!(status.success()),
            other => panic!("{other:?}"),
        }
        Ok(())
    });
}

#[test]
fn a_program_that_cannot_be_started_is_an_error_however_many_sockets_it_was_to_have() {
    on_loop(async {
        for count in [0, 1, 40] {
            let sockets: Vec<_> = (0..count).flat_map(|_| named(listening().0)).collect();
            let command = Command::new("/nowhere/no-such-program");
            let error = Service::spawn(command, ServiceOptions::default().sockets(sockets)).unwrap_err();
            assert_eq!(error.kind(), std::io::ErrorKind::NotFound, "{error} with {count} sockets");
        }
        Ok(())
    });
}

/// Waits for as many signs of life.
async fn signs_of_life(service: &Service, count: usize) {
    let mut signs = 0;
    while signs < count {
        match service.event().await {
            Some(ServiceEvent::Watchdog) => signs += 1,
            Some(_) => {}
            None => panic!("it ended after {signs} signs of life"),
        }
    }
}

/// Waits until no sign of life comes any more.
async fn silence(service: &Service) {
    // What was on its way still comes.
    let mut signs = 0;
    let enough = Duration::from_secs(6);
    while tokio::time::timeout(enough, service.event()).await.is_ok_and(|event| event.is_some()) {
        signs += 1;
        assert!(signs < 5, "signs of life from a loop that hangs");
    }
}

#[test]
fn a_program_under_watch_gives_signs_of_life_until_its_loop_hangs() {
    on_loop(async {
        let (socket, port) = listening();
        let options = ServiceOptions::default().sockets(named(socket)).watchdog(Duration::from_secs(3));
        let service = Service::spawn(program(&["serve", &port.to_string()]), options)?;
        signs_of_life(&service, 3).await;
        let _hanging = ask(port, "/hang").await?;
        silence(&service).await;
        service.abort();
        assert!(!exit_of(&service).await.success());
        Ok(())
    });
}

#[test]
fn one_worker_that_hangs_is_enough_for_no_sign_of_life() {
    on_loop(async {
        let options = ServiceOptions::default().watchdog(Duration::from_secs(3)).stored_sockets(4);
        let service = Service::spawn(program(&["workers", "2", "0"]), options)?;
        let mut store = SocketStore::default();
        until_ready(&service, &mut store).await?;
        let port = SockRef::from(&store.sockets()?[0].1).local_addr()?.as_socket().unwrap().port();
        signs_of_life(&service, 3).await;
        let _hanging = ask(port, "/hang").await?;
        silence(&service).await;
        service.abort();
        exit_of(&service).await;
        Ok(())
    });
}

#[test]
fn systemd_s_own_socket_activation_starts_a_server() {
    let Some(activate) = peers::command("systemd-socket-activate") else { return };
    let (socket, port) = listening();
    drop(socket);
    let mut command = Command::new(activate);
    command.args(["-l", &format!("127.0.0.1:{port}"), "--fdname=web"]).arg(support::program_path());
    let mut started = command.args(["serve", &port.to_string()]).stdout(std::process::Stdio::null()).spawn().unwrap();
    on_loop(async move {
        // It listens soon, and becomes the program when somebody connects.
        let answered = loop {
            match get(port, "/").await {
                Ok(answered) => break answered,
                Err(_) => firewhirl_event::coroutine::sleep(Duration::from_millis(50)).await,
            }
        };
        assert_eq!(process_of(&answered), started.id());
        started.kill()?;
        started.wait()?;
        Ok(())
    });
}

#[test]
fn sockets_given_by_hand_are_inherited_without_our_own_start() {
    use command_fds::{CommandFdExt, FdMapping};
    on_loop(async {
        let (socket, port) = listening();
        let mut command = program(&["serve", &port.to_string()]);
        command.env("LISTEN_FDS", "1").env_remove("NOTIFY_SOCKET");
        let parent_fd = socket.as_fd().try_clone_to_owned()?;
        command.fd_mappings(vec![FdMapping { parent_fd, child_fd: 3 }])?;
        let mut child = command.spawn()?;
        assert_eq!(process_of(&get(port, "/").await?), child.id());
        child.kill()?;
        child.wait()?;

        // Of another process's sockets it knows nothing, so that the port is taken.
        let parent_fd = socket.as_fd().try_clone_to_owned()?;
        let mut command = program(&["serve", &port.to_string()]);
        command.env("LISTEN_FDS", "1").env("LISTEN_PID", "1");
        command.fd_mappings(vec![FdMapping { parent_fd, child_fd: 3 }])?;
        let output = command.stderr(std::process::Stdio::piped()).output()?;
        assert!(!output.status.success());
        assert!(String::from_utf8_lossy(&output.stderr).contains("in use"), "{output:?}");
        Ok(())
    });
}
