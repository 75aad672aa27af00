//! Against httpbin: methods and bodies, redirect chains, authentication, codings, cookies, slow answers.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use firewhirl::http::client::{AuthMode, ClientOptions, CookieJar};
use firewhirl::prelude::*;
use serde_json::{Value, json};

use super::peer::{Peer, drain, new_folder};
use super::run;
use super::support::peers;

/// httpbin, served by gunicorn.
struct HttpBin {
    _peer: Peer,
    port: u16,
}

impl HttpBin {
    fn start() -> Option<Self> {
        let python = peers::python()?;
        let is_there =
            Command::new(&python).args(["-c", "import httpbin, gunicorn"]).output().unwrap().status.success();
        if !is_there {
            peers::skip("a Python with `pip install httpbin gunicorn`, named by FIREWHIRL_PYTHON");
            return None;
        }
        let folder = new_folder();
        let mut command = Command::new(python);
        command
            .args(["-m", "gunicorn", "--worker-class", "gthread", "--threads", "16", "--keep-alive", "30"])
            .args(["--bind", "127.0.0.1:0", "--control-socket"])
            .arg(folder.join("control"))
            .arg("httpbin:app")
            .current_dir(&folder)
            .stderr(Stdio::piped());
        let mut peer = Peer::start(folder, &mut command);
        let mut said = peer.stderr();
        let port = Peer::port_said(&mut said, "Listening at: http://127.0.0.1:");
        drain(said);
        Some(Self { _peer: peer, port })
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    fn get(&self, path: &str) -> HttpRequest {
        HttpRequest::new(self.url(path))
    }
}

#[test]
fn every_method_arrives_with_its_fields_and_its_body() {
    let Some(bin) = HttpBin::start() else { return };
    run(async {
        let client = AsyncHttpClient::new();
        let get: Value = client.fetch(bin.get("/get?a=1&b=2&b=%C3%A9").header("X-Odd", "a b")).await?.json()?;
        assert_eq!(get["args"], json!({"a": "1", "b": ["2", "é"]}));
        assert_eq!(get["headers"]["X-Odd"], "a b");
        assert_eq!(get["headers"]["Host"], format!("127.0.0.1:{}", bin.port));
        assert_eq!(get["headers"]["User-Agent"], format!("Firewhirl/{}", env!("CARGO_PKG_VERSION")));

        let form = bin.get("/post").method("POST").form(&[("name", "fire & whirl"), ("né", "+")]);
        let form: Value = client.fetch(form).await?.json()?;
        assert_eq!(form["form"], json!({"name": "fire & whirl", "né": "+"}));

        let sent = json!({"list": [1, 2.5, null], "text": "\u{1f525}"});
        for (method, path) in [("POST", "/post"), ("PUT", "/put"), ("PATCH", "/patch")] {
            let body: Value = client.fetch(bin.get(path).method(method).json(&sent)).await?.json()?;
            assert_eq!(
                (&body["json"], &body["headers"]["Content-Type"]),
                (&sent, &json!("application/json")),
                "{method}"
            );
        }
        let plain: Value = client.fetch(bin.get("/post").method("POST").body("a=b")).await?.json()?;
        assert_eq!(plain["form"], json!({"a": "b"}), "a body is a form unless it is said what it is");
        assert_eq!(client.fetch(bin.get("/delete").method("DELETE")).await?.code(), 200);
        assert!(client.fetch(bin.get("/get").method("OPTIONS")).await?.header("Allow").unwrap().contains("GET"));
        assert!(client.fetch(bin.get("/get").method("HEAD")).await?.body().is_empty());

        let streamed = client.fetch(bin.get("/post").method("POST").header("Content-Type", "text/plain"));
        let streamed = streamed.body_producer(async |body| {
            for number in 0..100 {
                body.write(format!("{number} ")).await?;
            }
            Ok(())
        });
        let streamed: Value = streamed.await?.json()?;
        assert_eq!(streamed["data"].as_str().unwrap().split_whitespace().count(), 100);
        Ok(())
    });
}

#[test]
fn redirect_chains_are_followed_as_far_as_allowed() {
    let Some(bin) = HttpBin::start() else { return };
    run(async {
        let client = AsyncHttpClient::new();
        for kind in ["redirect", "relative-redirect", "absolute-redirect"] {
            let five = client.fetch(bin.get(&format!("/{kind}/5"))).await?;
            assert_eq!((five.code(), five.effective_url()), (200, &*bin.url("/get")), "{kind}");
            let six = client.fetch(bin.get(&format!("/{kind}/6"))).await.unwrap_err();
            assert_eq!(six.code(), 302, "{kind}");
            let more = client.fetch(bin.get(&format!("/{kind}/12")).max_redirects(12)).await?;
            assert_eq!(more.effective_url(), bin.url("/get"), "{kind}");
        }
        #[rustfmt::skip]
        const METHODS: &[(u16, &str, &str, &str)] = &[
            (301, "POST", "GET",  ""),
            (302, "POST", "GET",  ""),
            (303, "POST", "GET",  ""),
            (307, "POST", "POST", "body"),
            (308, "POST", "POST", "body"),
            (303, "PUT",  "GET",  ""),
            (307, "PUT",  "PUT",  "body"),
        ];
        for &(code, method, then, body) in METHODS {
            let path = format!("/redirect-to?url=/anything&status_code={code}");
            let request = bin.get(&path).method(method).header("Content-Type", "text/plain").body("body");
            let seen: Value = client.fetch(request).await?.json()?;
            assert_eq!((&seen["method"], &seen["data"]), (&json!(then), &json!(body)), "{code} of {method}");
        }
        // To another origin: by its name it is not the one that was asked.
        let elsewhere = format!("/redirect-to?url=http://localhost:{}/headers", bin.port);
        let request = bin.get(&elsewhere).header("Cookie", "a=b").header("X-Mine", "c").auth_username("me");
        let seen: Value = client.fetch(request.auth_password("secret")).await?.json()?;
        assert_eq!(seen["headers"]["X-Mine"], "c");
        assert_eq!((&seen["headers"]["Authorization"], &seen["headers"]["Cookie"]), (&Value::Null, &Value::Null));
        Ok(())
    });
}

#[test]
fn codings_are_undone() {
    let Some(bin) = HttpBin::start() else { return };
    run(async {
        let client = AsyncHttpClient::new();
        for (path, key, coding) in
            [("/gzip", "gzipped", "gzip"), ("/deflate", "deflated", "deflate"), ("/brotli", "brotli", "br")]
        {
            let response = client.fetch(bin.get(path)).await?;
            assert_eq!(response.json::<Value>()?[key], true, "{path}");
            assert_eq!(response.header("X-Consumed-Content-Encoding"), Some(coding), "{path}");
        }
        let utf8 = client.fetch(bin.get("/encoding/utf8")).await?;
        assert!(utf8.text().contains("∮ E⋅da = Q"));
        assert_eq!(&client.fetch(bin.get("/image/png")).await?.body()[..4], b"\x89PNG");
        Ok(())
    });
}

#[test]
fn every_status_is_told() {
    let Some(bin) = HttpBin::start() else { return };
    run(async {
        let client = AsyncHttpClient::new();
        for code in [200, 201, 202, 204, 206] {
            assert_eq!(client.fetch(bin.get(&format!("/status/{code}"))).await?.code(), code);
        }
        for code in [300, 304, 400, 402, 404, 406, 418, 429, 451, 500, 501, 503, 504] {
            let path = format!("/status/{code}");
            assert_eq!(client.fetch(bin.get(&path)).await.unwrap_err().code(), code);
            assert_eq!(client.fetch(bin.get(&path)).raise_error(false).await?.code(), code);
        }
        let fields = client.fetch(bin.get("/response-headers?X-One=1&X-Two=a&X-Two=b")).await?;
        assert_eq!(fields.header("X-One"), Some("1"));
        assert_eq!(fields.header_values("X-Two").collect::<Vec<_>>(), [b"a", b"b"]);
        Ok(())
    });
}

#[test]
fn answers_may_take_their_time_but_not_more() {
    let Some(bin) = HttpBin::start() else { return };
    run(async {
        let client = AsyncHttpClient::new();
        let began = Instant::now();
        multi((0..8).map(|_| client.fetch(bin.get("/delay/1")).into_future())).await?;
        assert!(began.elapsed() < Duration::from_secs(8), "one after the other");
        let error = client.fetch(bin.get("/delay/5").request_timeout(Duration::from_millis(300))).await.unwrap_err();
        assert!(error.is_timeout() && error.code() == 599, "{error:?}");

        let mut drip = client.fetch(bin.get("/drip?duration=1&numbytes=5&delay=0")).stream().await?;
        let mut pieces = Vec::new();
        while let Some(chunk) = drip.next_chunk().await? {
            pieces.push(chunk.len());
        }
        assert!(pieces.iter().sum::<usize>() == 5 && pieces.len() > 1, "{pieces:?}");

        let mut lines = client.fetch(bin.get("/stream/20")).stream().await?;
        let mut text = Vec::new();
        while let Some(chunk) = lines.next_chunk().await? {
            text.extend_from_slice(&chunk);
        }
        let ids: Vec<_> = text
            .split(|&byte| byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| serde_json::from_slice::<BTreeMap<String, Value>>(line).unwrap()["id"].as_u64().unwrap())
            .collect();
        assert_eq!(ids, (0..20).collect::<Vec<_>>());
        Ok(())
    });
}

#[test]
fn any_number_of_bytes_is_the_number_that_comes() {
    let Some(bin) = HttpBin::start() else { return };
    run(async {
        let client = AsyncHttpClient::new();
        for count in [0, 1, 1024, 65_536, 100_000] {
            assert_eq!(client.fetch(bin.get(&format!("/bytes/{count}?seed=1"))).await?.body().len(), count);
            assert_eq!(client.fetch(bin.get(&format!("/stream-bytes/{count}?seed=1"))).await?.body().len(), count);
        }
        let limited = bin.get("/bytes/2000").max_body_size(1000);
        let error = client.fetch(limited).await.unwrap_err();
        assert!(matches!(error, HttpClientError::BodyTooLarge { limit: 1000 }), "{error:?}");
        let streamed = bin.get("/stream-bytes/2000").max_body_size(1000);
        let error = client.fetch(streamed).await.unwrap_err();
        assert!(matches!(error, HttpClientError::BodyTooLarge { limit: 1000 }), "{error:?}");
        Ok(())
    });
}

#[test]
fn passwords_are_shown_in_every_way_that_is_asked_for() {
    let Some(bin) = HttpBin::start() else { return };
    run(async {
        let client = AsyncHttpClient::new();
        let me = |path: &str| bin.get(path).auth_username("me").auth_password("a secret");
        assert_eq!(client.fetch(me("/basic-auth/me/a%20secret")).await?.code(), 200);
        assert_eq!(client.fetch(me("/basic-auth/me/another")).await.unwrap_err().code(), 401);
        assert_eq!(client.fetch(me("/hidden-basic-auth/me/a%20secret")).await?.code(), 200);
        // httpbin hashes the path as it is decoded, so that nothing in it may be.
        let digest = |path: &str| me(path).auth_password("secret").auth_mode(AuthMode::Digest);
        for qop in ["auth", "auth-int", "any"] {
            for algorithm in ["MD5", "SHA-256"] {
                let digest = digest(&format!("/digest-auth/{qop}/me/secret/{algorithm}"));
                let found = client.fetch(digest.clone()).await;
                assert_eq!(
                    found.map(|response| response.code()).map_err(|error| error.to_string()),
                    Ok(200),
                    "{qop} {algorithm}"
                );
                let wrong = client.fetch(digest.auth_password("another")).await.unwrap_err();
                assert_eq!(wrong.code(), 401, "{qop} {algorithm}: {wrong:?}");
            }
        }
        // RFC 7616 has no SHA-512; what was agreed upon with this server before would do.
        let fresh = AsyncHttpClient::with(ClientOptions::new());
        let unknown = fresh.fetch(digest("/digest-auth/auth/me/secret/SHA-512")).await.unwrap_err();
        assert!(matches!(unknown, HttpClientError::Digest(_)), "{unknown:?}");
        let stale = digest("/digest-auth/auth/me/secret/MD5/1");
        assert_eq!(client.fetch(stale).await?.code(), 200);
        let bearer = bin.get("/bearer").header("Authorization", "Bearer token");
        assert_eq!(client.fetch(bearer).await?.json::<Value>()?["token"], "token");
        assert_eq!(client.fetch(bin.get("/bearer")).await.unwrap_err().code(), 401);
        Ok(())
    });
}

#[test]
fn cookies_stay_only_where_there_is_a_jar() {
    let Some(bin) = HttpBin::start() else { return };
    run(async {
        let set = "/cookies/set?one=1&two=2";
        let without = AsyncHttpClient::with(ClientOptions::new());
        assert_eq!(without.fetch(bin.get(set)).await?.json::<Value>()?["cookies"], json!({}));
        let jar = AsyncHttpClient::with(ClientOptions::new().cookie_jar(CookieJar::new()));
        let cookies = async |path: &str| -> Result<Value> {
            Ok(jar.fetch(bin.get(path)).await?.json::<Value>()?["cookies"].clone())
        };
        assert_eq!(cookies(set).await?, json!({"one": "1", "two": "2"}));
        assert_eq!(cookies("/cookies").await?, json!({"one": "1", "two": "2"}));
        assert_eq!(cookies("/cookies/delete?one=").await?, json!({"two": "2"}));
        Ok(())
    });
}
