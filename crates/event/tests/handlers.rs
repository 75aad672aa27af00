//! Handlers of raw file descriptors, and of signals.

mod logs;

use std::cell::{Cell, RefCell};
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::rc::Rc;
use std::time::Duration;

use firewhirl_event::{Interest, IoLoop, Signal};
use logs::logged;

const MILLISECOND: Duration = Duration::from_millis(1);

fn stop() {
    IoLoop::current().stop();
}

fn pair() -> (Rc<UnixStream>, UnixStream) {
    let (near, far) = UnixStream::pair().unwrap();
    near.set_nonblocking(true).unwrap();
    (Rc::new(near), far)
}

/// Whether the other end of `stream` is closed.
fn sees_the_end(stream: &mut UnixStream) -> bool {
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    stream.read(&mut [0]).unwrap() == 0
}

#[test]
fn a_descriptor_takes_one_handler() {
    let io_loop = IoLoop::current();
    let (near, _far) = pair();
    io_loop.add_handler(near.clone(), Interest::READABLE, |_, _| ()).unwrap();
    let error = io_loop.add_handler(near.clone(), Interest::READABLE, |_, _| ()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert_eq!(error.to_string(), format!("fd {} added twice", near.as_raw_fd()));
    // Removed, it can be added again at once.
    io_loop.remove_handler(&near);
    io_loop.add_handler(near.clone(), Interest::READABLE, |_, _| ()).unwrap();
    io_loop.close().unwrap();
    assert_eq!(Rc::strong_count(&near), 1);
}

#[test]
fn removing_and_updating_what_was_not_added() {
    let (near, _far) = pair();
    IoLoop::current().remove_handler(&near);
    let error = IoLoop::current().update_handler(&near, Interest::WRITABLE).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[test]
fn a_handler_hears_of_what_it_asked_for_only() {
    let io_loop = IoLoop::current();
    let (near, mut far) = pair();
    io_loop
        .add_handler(near, Interest::READABLE, |near, ready| {
            assert!(ready.is_readable() && !ready.is_writable());
            (&**near).read_exact(&mut [0; 4]).unwrap();
            stop();
        })
        .unwrap();
    io_loop.call_later(10 * MILLISECOND, move || {
        far.write_all(b"asdf").unwrap();
        std::mem::forget(far);
    });
    assert!(logged(|| io_loop.start().unwrap()).is_empty());
}

#[test]
fn a_handler_that_leaves_something_unread_is_called_again() {
    let io_loop = IoLoop::current();
    let (near, mut far) = pair();
    let read = Rc::new(RefCell::new(String::new()));
    let letters = read.clone();
    io_loop
        .add_handler(near, Interest::READABLE, move |near, _| {
            let mut letter = [0];
            (&**near).read_exact(&mut letter).unwrap();
            letters.borrow_mut().push(letter[0] as char);
            if letter == *b"c" {
                stop();
            }
        })
        .unwrap();
    far.write_all(b"abc").unwrap();
    assert!(logged(|| io_loop.start().unwrap()).is_empty());
    assert_eq!(*read.borrow(), "abc");
}

#[test]
fn a_handler_can_be_told_to_wait_for_something_else() {
    let io_loop = IoLoop::current();
    let (near, mut far) = pair();
    let calls = Rc::new(RefCell::new(Vec::new()));
    let log = calls.clone();
    io_loop
        .add_handler(near, Interest::WRITABLE, move |near, ready| {
            log.borrow_mut().push(ready.is_writable());
            match log.borrow().len() {
                1 => (&**near).write_all(b"ping").unwrap(),
                2 => IoLoop::current().update_handler(near, Interest::READABLE).unwrap(),
                _ => stop(),
            }
        })
        .unwrap();
    io_loop.call_later(10 * MILLISECOND, move || {
        far.write_all(b"pong").unwrap();
        std::mem::forget(far);
    });
    assert!(logged(|| io_loop.start().unwrap()).is_empty());
    assert_eq!(*calls.borrow(), [true, true, false]);
}

#[test]
fn a_handler_gets_the_object_that_was_given() {
    let io_loop = IoLoop::current();
    let listener = Rc::new(TcpListener::bind("127.0.0.1:0").unwrap());
    let address = listener.local_addr().unwrap();
    let expected = Rc::downgrade(&listener);
    let fd = listener.as_raw_fd();
    io_loop
        .add_handler(listener, Interest::READABLE, move |listener, _| {
            assert!(std::ptr::eq(&**listener, expected.as_ptr()));
            listener.accept().unwrap();
            stop();
        })
        .unwrap();
    let _client = TcpStream::connect(address).unwrap();
    assert!(logged(|| io_loop.start().unwrap()).is_empty());
    // It was the loop's own: removed by its number, it is closed.
    io_loop.remove_handler(&fd);
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn an_object_and_its_descriptor_are_the_same() {
    let io_loop = IoLoop::current();
    let near: &'static UnixStream = Box::leak(Box::new(UnixStream::pair().unwrap().0));
    io_loop.add_handler(near, Interest::READABLE, |_, _| ()).unwrap();
    assert!(io_loop.add_handler(near.as_fd(), Interest::READABLE, |_, _| ()).is_err());
}

#[test]
fn closing_the_loop_closes_what_its_handlers_own() {
    let io_loop = IoLoop::new().unwrap();
    let (owned, mut far_of_owned) = UnixStream::pair().unwrap();
    let (shared, mut far_of_shared) = pair();
    io_loop.add_handler(owned, Interest::READABLE, |_, _| ()).unwrap();
    io_loop.add_handler(shared.clone(), Interest::READABLE, |_, _| ()).unwrap();
    io_loop.close().unwrap();
    assert!(sees_the_end(&mut far_of_owned));
    (&*shared).write_all(b"x").unwrap();
    far_of_shared.read_exact(&mut [0]).unwrap();
}

#[test]
fn a_handler_can_remove_another_that_is_ready_already() {
    let io_loop = IoLoop::current();
    let (first, second) = UnixStream::pair().unwrap();
    let (first, second) = (Rc::new(first), Rc::new(second));
    (&*first).write_all(b"abc").unwrap();
    (&*second).write_all(b"abc").unwrap();
    let read = Rc::new(Cell::new(0));
    for (own, other) in [(&first, &second), (&second, &first)] {
        let (other, read) = (other.clone(), read.clone());
        io_loop
            .add_handler(own.clone(), Interest::READABLE, move |own, _| {
                read.set(read.get() + (&**own).read(&mut [0; 1024]).unwrap());
                IoLoop::current().remove_handler(&other);
            })
            .unwrap();
    }
    io_loop.call_later(50 * MILLISECOND, stop);
    assert!(logged(|| io_loop.start().unwrap()).is_empty());
    assert_eq!(read.get(), 3);
}

#[test]
fn a_handler_can_remove_itself_and_close_its_source_by_that() {
    let io_loop = IoLoop::current();
    let (near, mut far) = UnixStream::pair().unwrap();
    far.write_all(b"x").unwrap();
    let calls = Rc::new(Cell::new(0));
    let count = calls.clone();
    io_loop
        .add_handler(near, Interest::READABLE, move |mut near, _| {
            count.set(count.get() + 1);
            IoLoop::current().remove_handler(near);
            near.read_exact(&mut [0]).unwrap();
        })
        .unwrap();
    io_loop.call_later(20 * MILLISECOND, stop);
    assert!(logged(|| io_loop.start().unwrap()).is_empty());
    assert_eq!(calls.get(), 1);
    assert!(sees_the_end(&mut far));
    assert_eq!(io_loop.statistics().tasks, 0);
}

#[test]
fn a_handler_that_panics_is_logged_and_stays() {
    let io_loop = IoLoop::current();
    let (near, mut far) = pair();
    far.write_all(b"x").unwrap();
    let mut calls = 0;
    io_loop
        .add_handler(near, Interest::READABLE, move |_, _| {
            calls += 1;
            if calls == 2 {
                stop();
            }
            panic!("call {calls}");
        })
        .unwrap();
    let log = logged(|| io_loop.start().unwrap());
    assert_eq!(log[0], "ERROR firewhirl::app: exception in callback: panicked: call 1");
    assert_eq!(log[1], "ERROR firewhirl::app: exception in callback: panicked: call 2");
}

#[test]
fn a_regular_file_cannot_be_waited_for() {
    let file = std::fs::File::open("Cargo.toml").unwrap();
    assert!(IoLoop::current().add_handler(file, Interest::READABLE, |_, _| ()).is_err());
}

#[test]
fn every_loop_that_asked_hears_of_a_signal_until_it_is_removed() {
    let kill = || Command::new("kill").args(["-USR1", &std::process::id().to_string()]).status().unwrap();
    let io_loop = IoLoop::current();
    let heard = Rc::new(Cell::new(0));
    let count = heard.clone();
    let first = io_loop.on_signal(Signal::User1, move || count.set(count.get() + 1)).unwrap();
    io_loop.on_signal(Signal::User1, stop).unwrap();
    let other = std::thread::spawn(move || {
        let io_loop = IoLoop::current();
        io_loop.on_signal(Signal::User1, stop).unwrap();
        kill();
        io_loop.start().unwrap();
    });
    io_loop.start().unwrap();
    other.join().unwrap();
    assert_eq!(heard.get(), 1);
    first.remove();
    kill();
    io_loop.start().unwrap();
    assert_eq!(heard.get(), 1);
}
