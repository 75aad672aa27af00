//! Every example, run as its user would, and asked what its first lines say.

mod support;

use std::io::{BufRead, BufReader, Write};
use std::thread;

use support::{Program, peers};

#[test]
fn echo_answers_line_by_line() {
    let program = Program::example("echo", &[]);
    let mut stream = BufReader::new(program.connect());
    for line in ["hello\n", "again\n"] {
        stream.get_mut().write_all(line.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_line(&mut answer).unwrap();
        assert_eq!(answer, format!("You sent: {line}"));
    }
}

#[test]
fn hello_greets_as_often_as_asked() {
    let program = Program::example("hello", &[]);
    assert_eq!(program.get("/"), "Hello, world");
    assert_eq!(program.get("/hello/you?times=2"), "Hello, you!\nHello, you!\n");
    assert_eq!(program.get("/hello/%3Cb%3E"), "Hello, &lt;b&gt;!\n");
    assert!(program.raw("GET /hello/you?times=x HTTP/1.0\r\n\r\n").starts_with("HTTP/1.1 400 "));
    assert!(program.raw("GET /nowhere HTTP/1.0\r\n\r\n").starts_with("HTTP/1.1 404 "));
}

#[test]
fn callback_awaits_what_calls_back() {
    let program = Program::example("callback", &[]);
    assert_eq!(program.get("/measure?text=a+fire+whirl"), "12 bytes, the longest word is whirl\n");
    assert!(program.get("/forgetful").contains("callback"), "the error of a lost callback");
}

#[test]
fn finish_later_answers_from_a_thread_and_from_a_timer() {
    let program = Program::example("finish_later", &[]);
    assert_eq!(program.get("/order/soup"), "one soup\n");
    assert_eq!(program.get("/bell"), "ding\n");
}

#[test]
fn long_poll_answers_when_something_is_said() {
    let program = Program::example("long_poll", &[]);
    thread::scope(|scope| {
        let waiting = scope.spawn(|| program.get("/news?seen=0"));
        thread::sleep(std::time::Duration::from_millis(100));
        assert!(!waiting.is_finished());
        assert_eq!(program.post("/say", "text=hello"), "said\n");
        assert_eq!(waiting.join().unwrap(), "[\"hello\"]");
    });
    assert_eq!(program.get("/news?seen=0"), "[\"hello\"]");
}

#[test]
fn background_digests_what_comes_over_the_socket() {
    let mut program = Program::example("background", &[]);
    let mut stream = BufReader::new(program.connect());
    stream.get_mut().write_all(b"nonsense\nkitchen 21.5\nkitchen 22.5\n").unwrap();
    let mut answer = String::new();
    stream.read_line(&mut answer).unwrap();
    assert_eq!(answer, "expected: ROOM DEGREES\n");
    assert_eq!(program.line(), "kitchen: 2 readings, 22.0 degrees\n");
    program.terminate();
    assert!(program.child.wait().unwrap().success());
}

#[test]
fn own_client_counts_in_redis() {
    if std::net::TcpStream::connect(("127.0.0.1", 6379)).is_err() {
        return peers::skip("a Redis on localhost:6379");
    }
    let program = Program::example("own_client", &[]);
    let visit = |answer: String| -> u64 { answer.trim().rsplit(' ').next().unwrap().parse().unwrap() };
    let first = visit(program.get("/visits"));
    assert!(visit(program.get("/visits")) > first);
}

#[test]
fn own_client_says_that_redis_is_not_there() {
    // Port 9 is `discard`, where nothing listens on a machine of today.
    let program = Program::example("own_client", &["9"]);
    let answer = program.raw("GET /visits HTTP/1.0\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
}
