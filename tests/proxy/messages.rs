//! What of requests and responses passes: methods, targets, fields, statuses.

use firewhirl::http::HttpServer;
use firewhirl::prelude::*;
use firewhirl_testing::TestServer;

use crate::fronts::{answering, back, exchange, field, front, raw, read_head, run, serve};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[test]
fn the_request_goes_on_as_it_came() {
    run(async {
        let (heads, behind) = answering(OK)?;
        let front = front(behind.clone().via(Some("front")))?;
        let request = "PROPFIND /a%2Fb//c?d=%20&e HTTP/1.1\r\nhost: example.com:81\r\nConnection: close\r\n\
                       Accept: a\r\nX-B: 1\r\nAccept: b\r\nX-Request-Id: 7\r\nTraceparent: 00-1\r\n\r\n";
        let answer = exchange(&front, request).await?;
        assert_eq!(
            answer,
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nVia: 1.1 front\r\nDate: DATE\r\nConnection: close\r\n\r\nok"
                .replace("DATE", field(&answer, "Date").unwrap())
        );
        let expected = "PROPFIND /a%2Fb//c?d=%20&e HTTP/1.1\r\nHost: example.com:81\r\nAccept: a\r\nAccept: b\r\nX-B: 1\r\n\
                        X-Request-Id: 7\r\nTraceparent: 00-1\r\nVia: 1.1 front\r\nX-Real-Ip: 127.0.0.1\r\n\
                        X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\nX-Scheme: http\r\n\
                        X-Forwarded-Host: example.com:81\r\n\
                        Forwarded: for=127.0.0.1;host=\"example.com:81\";proto=http\r\n\r\n";
        assert_eq!(heads.borrow()[0], expected);
        Ok(())
    });
}

#[test]
fn a_connection_is_used_again_for_the_requests_that_follow() {
    run(async {
        let connections = std::rc::Rc::new(std::cell::Cell::new(0));
        let counted = connections.clone();
        let behind = raw(async move |mut stream| {
            counted.set(counted.get() + 1);
            loop {
                read_head(&mut stream).await?;
                stream.write(OK);
            }
        })?;
        let front = front(behind)?;
        for _ in 0..5 {
            assert_eq!(front.client().get("/").await?.text(), "ok");
        }
        assert_eq!(connections.get(), 1);
        Ok(())
    });
}

#[test]
fn what_the_client_says_of_its_way_is_believed_only_with_xheaders() {
    run(async {
        let claims = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Real-Ip: 1.2.3.4\r\nX-Forwarded-For: 5.6.7.8, 1.2.3.4\r\n\
                      X-Scheme: https\r\nX-Forwarded-Host: www.example.com\r\nForwarded: for=5.6.7.8\r\n\r\n";
        #[rustfmt::skip]
        let cases = [
            (false, ["127.0.0.1", "127.0.0.1",                   "http",  "a",               "for=127.0.0.1;host=a;proto=http"]),
            (true,  ["1.2.3.4",   "5.6.7.8, 1.2.3.4, 127.0.0.1", "https", "www.example.com", "for=5.6.7.8, for=127.0.0.1;host=a;proto=https"]),
        ];
        for (believed, expected) in cases {
            let (heads, behind) = answering(OK)?;
            let app = async move || Ok(Application::new().fallback(behind.clone()));
            let front = TestServer::serve(HttpServer::new(app).xheaders(believed))?;
            exchange(&front, claims).await?;
            let head = heads.borrow()[0].clone();
            let names = ["X-Real-Ip", "X-Forwarded-For", "X-Scheme", "X-Forwarded-Host", "Forwarded"];
            assert_eq!(names.map(|name| field(&head, name).unwrap()), expected);
            assert_eq!(field(&head, "X-Forwarded-Proto"), field(&head, "X-Scheme"));
        }
        Ok(())
    });
}

#[test]
fn a_service_with_xheaders_sees_the_client_and_its_protocol() {
    run(async {
        let app = async || {
            Ok(Application::new().get("/", async |cx| {
                cx.write(format!("{:?} {} {}", cx.request.remote_ip(), cx.request.protocol(), cx.request.host()))
            }))
        };
        let back = TestServer::serve(HttpServer::new(app).xheaders(true))?;
        let target = back.url("");
        let app = async move || Ok(Application::new().fallback(proxy(&target)));
        let front = TestServer::serve(HttpServer::new(app).xheaders(true))?;
        let answer = front.client().get("/").header("X-Real-Ip", "2001:db8::7").header("X-Forwarded-Proto", "https");
        let answer = answer.header("Host", "example.com").await?;
        assert_eq!(answer.text(), "Some(2001:db8::7) https example.com");
        Ok(())
    });
}

#[test]
fn the_request_has_a_name_in_both_logs() {
    run(async {
        let (heads, behind) = answering(OK)?;
        let front = serve(move || Application::new().request_id_header(true).fallback(behind.clone()))?;
        let answer = front.client().get("/").await?;
        assert_eq!(field(&heads.borrow()[0], "X-Request-Id"), answer.header("X-Request-Id"));
        assert_eq!(answer.header("X-Request-Id").map(str::len), Some(16));
        Ok(())
    });
}

#[test]
fn the_host_may_be_the_targets_own() {
    run(async {
        let (heads, behind) = answering(OK)?;
        let front = front(behind.preserve_host(false))?;
        front.client().get("/").header("Host", "example.com").await?;
        let head = heads.borrow()[0].clone();
        assert!(field(&head, "Host").unwrap().starts_with("127.0.0.1:"), "{head}");
        assert_eq!(field(&head, "X-Forwarded-Host"), Some("example.com"));
        Ok(())
    });
}

#[test]
fn a_prefix_is_kept_or_taken_away_and_a_base_put_before_it() {
    run(async {
        let (_back, behind) =
            back(|| Application::new().get("/{*path}", async |cx| cx.write(cx.request.uri().to_owned())))?;
        let base = format!("{}/base", _back.url(""));
        let front = serve(move || {
            Application::new()
                .mount("/kept", behind.clone())
                .mount("/gone", behind.clone().strip_prefix())
                .mount("/moved", proxy(&base).strip_prefix())
                .mount("/deeper", proxy(&base))
        })?;
        #[rustfmt::skip]
        let cases = [
            ("/kept/x?y=1",  "/kept/x?y=1"),
            ("/kept",        "/kept"),
            ("/gone/x?y=1",  "/x?y=1"),
            ("/gone?y",      "/?y"),
            ("/gone",        "/"),
            ("/moved/x",     "/base/x"),
            ("/deeper/x",    "/base/deeper/x"),
        ];
        for (asked, expected) in cases {
            assert_eq!(front.client().get(asked).await?.text(), expected, "{asked}");
        }
        assert_eq!(front.client().get("/keptx").await?.status(), 404);
        for climbing in ["/kept/../x", "/gone/%2e%2E/x", "/moved/a/..%2fx"] {
            assert_eq!(front.client().get(climbing).await?.status(), 400, "{climbing}");
        }
        Ok(())
    });
}

#[test]
fn a_fallback_gets_what_no_route_answers_and_nothing_else() {
    run(async {
        let (_back, behind) = back(|| Application::new().any("/{*path}", async |cx| cx.write("there")))?;
        let front =
            serve(move || Application::new().get("/here", async |cx| cx.write("here")).fallback(behind.clone()))?;
        assert_eq!(front.client().get("/here").await?.text(), "here");
        assert_eq!(front.client().get("/there").await?.text(), "there");
        // The route that has moved answers for all methods.
        assert_eq!(front.client().post("/here").body("x").await?.status(), 405);
        assert_eq!(front.client().post("/there").body("x").await?.text(), "there");
        Ok(())
    });
}

#[test]
fn the_whole_url_as_a_target_becomes_its_path() {
    run(async {
        let (heads, behind) = answering(OK)?;
        let front = front(behind)?;
        exchange(&front, "GET http://example.com/x?y HTTP/1.1\r\nHost: other\r\nConnection: close\r\n\r\n").await?;
        let head = heads.borrow()[0].clone();
        assert!(head.starts_with("GET /x?y HTTP/1.1\r\nHost: example.com\r\n"), "{head}");
        Ok(())
    });
}

#[test]
fn a_client_of_http_1_0_is_understood() {
    run(async {
        let (heads, behind) = answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n")?;
        let front = front(behind.via(Some("front")))?;
        let answer = exchange(&front, "GET / HTTP/1.0\r\n\r\n").await?;
        assert!(answer.ends_with("\r\n\r\nok") && !answer.contains("chunked"), "{answer}");
        assert_eq!(field(&heads.borrow()[0], "Via"), Some("1.0 front"));
        Ok(())
    });
}

#[test]
fn responses_without_a_body_have_none() {
    run(async {
        #[rustfmt::skip]
        let cases = [
            ("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",              "200 OK",         Some("1000")),
            ("GET",  "HTTP/1.1 204 No Content\r\n\r\n",                              "204 No Content", None),
            ("GET",  "HTTP/1.1 304 Not Modified\r\nEtag: \"a\"\r\nContent-Length: 7\r\n\r\n", "304 Not Modified", Some("7")),
            ("POST", "HTTP/1.1 200 Fine\r\nContent-Length: 0\r\n\r\n",               "200 Fine",       Some("0")),
        ];
        for (method, response, status, length) in cases {
            let (_, behind) = answering(response)?;
            let front = front(behind)?;
            let answer =
                exchange(&front, &format!("{method} / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")).await?;
            assert!(answer.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{answer}");
            assert!(answer.ends_with("\r\n\r\n") && answer.matches("\r\n\r\n").count() == 1, "{answer}");
            assert_eq!(field(&answer, "Content-Length"), length, "{answer}");
        }
        Ok(())
    });
}

#[test]
fn early_hints_pass_on() {
    run(async {
        let (_, behind) = answering(
            "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        )?;
        let front = front(behind)?;
        let answer = exchange(&front, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await?;
        assert!(
            answer.starts_with("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 200 OK\r\n"),
            "{answer}"
        );
        Ok(())
    });
}

#[test]
fn connect_is_refused_and_what_goes_no_further_is_answered_here() {
    run(async {
        let (heads, behind) = answering(OK)?;
        let front = front(behind)?;
        #[rustfmt::skip]
        let cases = [
            ("CONNECT a:443",                             "HTTP/1.1 405 ", 0),
            ("OPTIONS *",                                 "HTTP/1.1 204 ", 0),
            ("OPTIONS /x|Max-Forwards: 0",                "HTTP/1.1 204 ", 0),
            ("TRACE /x|Max-Forwards: 0",                  "HTTP/1.1 405 ", 0),
            ("OPTIONS /x|Max-Forwards: 3",                "HTTP/1.1 200 ", 1),
            ("GET /x|Max-Forwards: 0",                    "HTTP/1.1 200 ", 2),
        ];
        for (request, expected, passed) in cases {
            let (line, more) =
                request.split_once('|').map_or((request, String::new()), |(line, more)| (line, format!("{more}\r\n")));
            let answer =
                exchange(&front, &format!("{line} HTTP/1.1\r\nHost: a:443\r\nConnection: close\r\n{more}\r\n")).await?;
            assert!(answer.starts_with(expected), "{request}: {answer}");
            assert_eq!(heads.borrow().len(), passed, "{request}");
        }
        assert_eq!(field(&heads.borrow()[0], "Max-Forwards"), Some("2"));
        assert_eq!(field(&heads.borrow()[1], "Max-Forwards"), Some("0"));
        Ok(())
    });
}

#[test]
fn a_request_that_goes_round_ends() {
    run(async {
        let (socket, port) = firewhirl_testing::bind_unused_port()?;
        let app = async move || Ok(Application::new().fallback(proxy(format!("http://127.0.0.1:{port}"))));
        let server = HttpServer::new(app).add_sockets([socket])?;
        let answer = firewhirl_testing::Client::new(port).get("/").await?;
        assert_eq!(answer.status(), 508);
        drop(server);
        Ok(())
    });
}

#[test]
fn proxies_stand_one_behind_the_other() {
    run(async {
        let (heads, behind) = answering(OK)?;
        let middle = front(behind.via(Some("back")))?;
        let front = front(proxy(middle.url("")).via(Some("front")))?;
        let answer = front.client().get("/").await?;
        assert_eq!(answer.header("Via"), Some("1.1 back"));
        assert_eq!(answer.headers().get("Via").as_deref(), Some("1.1 back,1.1 front"));
        let head = heads.borrow()[0].clone();
        assert!(head.contains("Via: 1.1 front\r\nVia: 1.1 back\r\n"), "{head}");
        Ok(())
    });
}

#[test]
fn locations_and_cookies_are_rewritten_where_asked_for() {
    run(async {
        let (_back, behind) = back(|| {
            Application::new().get("/old", async |cx| {
                cx.add_header("Set-Cookie", "a=1; Path=/; HttpOnly")?;
                let host = cx.request.host().to_owned();
                cx.redirect(format!("http://{host}/new"))
            })
        })?;
        let front = serve(move || {
            let behind = behind.clone().preserve_host(false).strip_prefix();
            Application::new().mount("/as-it-is", behind.clone()).mount("/rewritten", behind.rewrite_location(true))
        })?;
        let answer = front.client().get("/as-it-is/old").await?;
        assert!(answer.header("Location").unwrap().starts_with("http://127.0.0.1:"));
        let answer = front.client().get("/rewritten/old").await?;
        assert_eq!(answer.header("Location"), Some("/rewritten/new"));
        assert_eq!(answer.header("Set-Cookie"), Some("a=1; Path=/rewritten/; HttpOnly"));
        Ok(())
    });
}

#[test]
fn a_unix_socket_is_a_target() {
    run(async {
        let path = std::env::temp_dir().join(format!("firewhirl-proxy-{}.sock", std::process::id()));
        let app = async || {
            Ok(Application::new().get("/", async |cx| cx.write(format!("over a socket for {}", cx.request.host()))))
        };
        let server = HttpServer::new(app).listen_unix(&path)?;
        let front = front(proxy(format!("unix:{}", path.display())))?;
        let answer = front.client().get("/").header("Host", "example.com").await?;
        assert_eq!(answer.text(), "over a socket for example.com");
        drop(server);
        std::fs::remove_file(path)?;
        Ok(())
    });
}

#[test]
fn a_target_that_is_none_is_found_at_the_start_with_the_line_that_gave_it() {
    let wrong = Application::new()
        .mount("/a", proxy("ftp://example.com"))
        .mount("/b", proxy("http://example.com").via(Some("two words")))
        .fallback(proxy(Vec::<String>::new()));
    let said = wrong.check().unwrap_err().to_string();
    for expected in ["/a", "has no scheme", "/b", "no name for `Via`", "(fallback)", "needs a target", file!()] {
        assert!(said.contains(expected), "no {expected:?} in {said}");
    }
}
