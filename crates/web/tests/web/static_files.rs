//! Static files: on the disk, in the program, and from a source of one's own.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use firewhirl_event::Result;
use firewhirl_http::httputil::format_timestamp;
use firewhirl_web::{
    Application, Context, Directory, Embedded, Found, HttpError, StaticFile, StaticFileHandler, StaticSource,
    StaticUrlOptions,
};

use crate::support::{Answer, ask, get, logged};

/// A directory with files to serve, and things beside it that must not be; deleted in the end.
struct Site(PathBuf);

impl Site {
    fn new(name: &str) -> Self {
        let site = Self(std::env::temp_dir().join(format!("firewhirl-static-{name}-{}", std::process::id())));
        let _ = fs::remove_dir_all(&site.0);
        site.write("static/robots.txt", "User-agent: *\nDisallow: /\n");
        site.write("static/site.css", "body {}");
        site.write("static/dir/index.html", "the index");
        site.write("static/a b/\u{fc}.txt", "umlaut");
        site.write("static/digits", "0123456789");
        site.write("static/empty.txt", "");
        site.write("staticx/secret.txt", "secret");
        site.write("secret.txt", "secret");
        site.write("shared/photo.jpg", "photo");
        symlink(site.0.join("secret.txt"), site.0.join("static/link.txt")).unwrap();
        symlink(site.0.join("shared"), site.0.join("static/shared")).unwrap();
        symlink("site.css", site.0.join("static/alias.css")).unwrap();
        symlink("nowhere", site.0.join("static/dangling.css")).unwrap();
        symlink(site.0.join("nowhere"), site.0.join("static/lost.txt")).unwrap();
        symlink("../nowhere/x", site.0.join("static/lost")).unwrap();
        symlink("/dev/zero", site.0.join("static/zero")).unwrap();
        symlink("loop", site.0.join("static/loop")).unwrap();
        site
    }

    fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn root(&self) -> PathBuf {
        self.0.join("static")
    }

    fn application(&self) -> Rc<Application> {
        Rc::new(Application::new().static_files("/static", self.root()))
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn fetch(application: &Rc<Application>, target: &str, fields: &[(&str, &str)]) -> Answer {
    fields.iter().fold(get(target), |ask, (name, value)| ask.header(name, value)).to(application)
}

#[test]
fn a_file_comes_with_all_that_tells_it_from_others() {
    let site = Site::new("file");
    let modified = SystemTime::UNIX_EPOCH + Duration::from_millis(1_600_000_000_900);
    fs::File::options().write(true).open(site.root().join("site.css")).unwrap().set_modified(modified).unwrap();
    let answer = fetch(&site.application(), "/static/site.css", &[]);
    assert_eq!(answer.parts(), (200, "body {}"));
    assert_eq!(answer.header("Content-Type"), Some("text/css"));
    assert_eq!(answer.header("Content-Length"), Some("7"));
    assert_eq!(answer.header("Accept-Ranges"), Some("bytes"));
    assert_eq!(answer.header("Last-Modified"), Some(format_timestamp(modified).as_str()));
    let etag = answer.header("Etag").unwrap();
    assert!(etag.len() == 130 && etag.starts_with('"'), "{etag}");
    assert_eq!(answer.header("Cache-Control"), None);
    let head = ask("HEAD /static/site.css").to(&site.application());
    assert_eq!(head.parts(), (200, ""));
    for name in ["Content-Type", "Content-Length", "Etag", "Last-Modified"] {
        assert_eq!(head.header(name), answer.header(name), "{name}");
    }
    assert_eq!(ask("POST /static/site.css").to(&site.application()).status, 405);
}

#[test]
fn nothing_outside_and_nothing_that_is_no_file_is_served() {
    let site = Site::new("outside");
    #[rustfmt::skip]
    let cases: &[(&str, u16)] = &[
        ("/static/missing",                     404),
        ("/static/robots.txt/x",                404),
        ("/static/dangling.css",                404),
        ("/static/loop",                        404),
        ("/static/%00",                         404),
        ("/static/robots.txt%00.css",           404),
        ("/static/",                            403),
        ("/static/dir",                         403),
        ("/static/dir/",                        403),
        ("/static/zero",                        403),
        ("/static/link.txt",                    403),
        ("/static/shared/photo.jpg",            403),
        ("/static/shared/missing",              403),
        ("/static/lost.txt",                    403),
        ("/static/lost/x",                      403),
        ("/static/../secret.txt",               403),
        ("/static/%2e%2e/secret.txt",           403),
        ("/static/..%2fsecret.txt",             403),
        ("/static/dir/../../secret.txt",        403),
        ("/static/../staticx/secret.txt",       403),
        ("/static/../missing",                  403),
        ("/static//etc/passwd",                 403),
        ("/static/%2fetc%2fpasswd",             403),
        ("/static/..\\secret.txt",              404),
        ("/static/dir/../robots.txt",           200),
        ("/static/./robots.txt",                200),
        ("/static/alias.css",                   200),
        ("/static/a%20b/%C3%BC.txt",            200),
        ("/static/empty.txt",                   200),
        ("/robots.txt",                         200),
        ("/favicon.ico",                        404),
    ];
    let application = site.application();
    for &(target, expected) in cases {
        let answer = fetch(&application, target, &[]);
        assert_eq!(answer.status, expected, "{target}");
        assert!(!answer.body.contains("secret"), "{target}: {}", answer.body);
    }
    let said = logged(|| {
        fetch(&application, "/static/../secret.txt", &[]);
        fetch(&application, "/static/dir", &[]);
    });
    assert!(said.iter().any(|line| line.contains("../secret.txt is not in root static directory")), "{said:?}");
    assert!(said.iter().any(|line| line.contains("dir is not a file")), "{said:?}");
}

#[test]
fn links_lead_where_they_are_allowed_to() {
    let site = Site::new("links");
    let files = Directory::new(site.root()).allowed_symlink_directory(site.0.join("shared"));
    let application = Rc::new(Application::new().static_files("/static", files));
    assert_eq!(fetch(&application, "/static/shared/photo.jpg", &[]).parts(), (200, "photo"));
    assert_eq!(fetch(&application, "/static/shared/missing", &[]).status, 404);
    assert_eq!(fetch(&application, "/static/link.txt", &[]).status, 403);
    // The directory itself may be a link, which a deploy replaces.
    let current = site.0.join("current");
    symlink(site.root(), &current).unwrap();
    let application = Rc::new(Application::new().static_files("/static", current.as_path()));
    assert_eq!(fetch(&application, "/static/site.css", &[]).status, 200);
    fs::remove_file(&current).unwrap();
    site.write("next/site.css", "next");
    symlink(site.0.join("next"), &current).unwrap();
    assert_eq!(fetch(&application, "/static/site.css", &[]).parts(), (200, "next"));
}

#[test]
fn conditions_and_ranges() {
    let site = Site::new("ranges");
    let application = site.application();
    let whole = fetch(&application, "/static/digits", &[]);
    let (etag, date) = (whole.header("Etag").unwrap(), whole.header("Last-Modified").unwrap());
    let weak = format!("W/{etag}");
    let earlier = "Fri, 01 Jan 1960 00:00:00 GMT";
    type Case<'text> = (&'text [(&'text str, &'text str)], u16, &'text str, Option<&'text str>);
    #[rustfmt::skip]
    let cases: &[Case<'_>] = &[
        (&[("If-None-Match", etag)],                                         304, "",           None),
        (&[("If-None-Match", &weak)],                                        304, "",           None),
        (&[("If-None-Match", "*")],                                          304, "",           None),
        (&[("If-Modified-Since", date)],                                     304, "",           None),
        (&[("If-Modified-Since", earlier)],                                  200, "0123456789", None),
        (&[("If-Modified-Since", "!nv@l!d")],                                200, "0123456789", None),
        (&[("If-None-Match", "\"other\""), ("If-Modified-Since", date)],     200, "0123456789", None),
        (&[("If-None-Match", etag), ("Range", "bytes=1-2")],                 304, "",           None),
        (&[("If-Match", "\"other\"")],                                       412, "<html><title>412: Precondition Failed</title><body>412: Precondition Failed</body></html>", None),
        (&[("If-Unmodified-Since", "Fri, 02 Jan 1970 00:00:00 GMT")],                                412, "<html><title>412: Precondition Failed</title><body>412: Precondition Failed</body></html>", None),
        (&[("Range", "bytes=2-4")],                                          206, "234",        Some("bytes 2-4/10")),
        (&[("Range", "bytes=7-")],                                           206, "789",        Some("bytes 7-9/10")),
        (&[("Range", "bytes=-2")],                                           206, "89",         Some("bytes 8-9/10")),
        (&[("Range", "bytes=1-1000")],                                       206, "123456789",  Some("bytes 1-9/10")),
        (&[("Range", "bytes=0-")],                                           200, "0123456789", None),
        (&[("Range", "bytes=-1000")],                                        200, "0123456789", None),
        (&[("Range", "bytes=0-1,3-4")],                                      206, "01234",      Some("bytes 0-4/10")),
        (&[("Range", "bytes=10-")],                                          416, "",           Some("bytes */10")),
        (&[("Range", "bytes=5-3")],                                          416, "",           Some("bytes */10")),
        (&[("Range", "bytes=-0")],                                           416, "",           Some("bytes */10")),
        (&[("Range", "lines=1-2")],                                          200, "0123456789", None),
        (&[("Range", "nonsense")],                                           200, "0123456789", None),
        (&[("If-Range", etag), ("Range", "bytes=2-4")],                      206, "234",        Some("bytes 2-4/10")),
        (&[("If-Range", "\"other\""), ("Range", "bytes=2-4")],               200, "0123456789", None),
        (&[("If-Range", earlier), ("Range", "bytes=2-4")],                   200, "0123456789", None),
    ];
    for (fields, status, body, range) in cases {
        let answer = fetch(&application, "/static/digits", fields);
        assert_eq!(answer.parts(), (*status, *body), "{fields:?}");
        assert_eq!(answer.header("Content-Range"), *range, "{fields:?}");
        if *status != 412 {
            assert_eq!(answer.header("Etag"), Some(etag), "{fields:?}");
        }
    }
}

#[test]
fn several_ranges_are_one_body_of_parts() {
    let site = Site::new("parts");
    let content: String = (0..1000).map(|number| format!("{number:03}")).collect();
    site.write("static/long.txt", &content);
    let fields = [("Range", "bytes=0-2, 1500-1502, -3")];
    let answer = fetch(&site.application(), "/static/long.txt", &fields);
    assert_eq!(answer.status, 206);
    let content_type = answer.header("Content-Type").unwrap();
    let boundary = content_type.strip_prefix("multipart/byteranges; boundary=").unwrap();
    let part = |range: &str, text: &str| {
        format!("\r\n--{boundary}\r\nContent-Type: text/plain\r\nContent-Range: bytes {range}/3000\r\n\r\n{text}")
    };
    let parts = [part("0-2", "000"), part("1500-1502", "500"), part("2997-2999", "999")];
    assert_eq!(answer.body, format!("{}\r\n--{boundary}--\r\n", parts.concat()));
    assert_eq!(answer.header("Content-Length"), Some(answer.body.len().to_string().as_str()));
}

#[test]
fn a_long_file_is_sent_whole_and_in_part() {
    let site = Site::new("long");
    let content: Vec<u8> = (0..3_000_000_u32).map(|number| b'a' + (number % 23) as u8).collect();
    site.write("static/long.bin", &content);
    let application = site.application();
    let answer = fetch(&application, "/static/long.bin", &[]);
    assert_eq!(answer.header("Content-Length"), Some("3000000"));
    assert_eq!(answer.header("Content-Type"), Some("application/octet-stream"));
    assert!(answer.body.as_bytes() == content);
    let answer = fetch(&application, "/static/long.bin", &[("Range", "bytes=1000000-2500000")]);
    assert!(answer.body.as_bytes() == &content[1_000_000..=2_500_000]);
}

#[test]
fn a_directory_has_a_default_file_under_its_own_url() {
    let site = Site::new("default");
    let handler = StaticFileHandler::new(site.root()).default_filename("index.html");
    let application = Rc::new(Application::new().static_files("/", handler));
    let redirected = fetch(&application, "/dir", &[]);
    assert_eq!((redirected.status, redirected.header("Location")), (301, Some("/dir/")));
    let index = fetch(&application, "/dir/", &[]);
    assert_eq!(index.parts(), (200, "the index"));
    assert_eq!(index.header("Content-Type"), Some("text/html"));
    assert_eq!(fetch(&application, "/", &[]).status, 404, "it has no default file");
    // Where a browser would take the beginning of the path for a host.
    for target in ["//evil.com/../dir", "/\\evil.com/../dir", "/%5Cevil.com/../dir"] {
        let answer = fetch(&application, target, &[]);
        assert!(matches!(answer.status, 403 | 301), "{target}");
        let location = answer.header("Location").unwrap_or("/");
        assert!(!location.starts_with("//") && !location.starts_with("/\\"), "{target}: {location}");
    }
}

#[test]
fn static_urls_name_the_content_and_may_be_kept_for_years() {
    let site = Site::new("urls");
    site.write("static/inside.txt", "inside");
    let application = Application::new().static_files("/static/", site.root()).get("/url/{*path}", async |cx| {
        let path: String = cx.path("path")?;
        let options = StaticUrlOptions::new().include_host(true).include_version(false);
        cx.write(format!("{} {}", cx.static_url(&path)?, cx.static_url_with(&path, options)?))
    });
    let application = Rc::new(application);
    let urls = fetch(&application, "/url/inside.txt", &[]).body;
    let (versioned, plain) = urls.split_once(' ').unwrap();
    assert_eq!(plain, "http://example.com/static/inside.txt");
    let (path, version) = versioned.split_once("?v=").unwrap();
    assert_eq!((path, version.len()), ("/static/inside.txt", 128));
    let answer = fetch(&application, versioned, &[]);
    assert_eq!(answer.header("Etag"), Some(format!("\"{version}\"").as_str()));
    assert_eq!(answer.header("Cache-Control"), Some("max-age=315360000"));
    assert!(answer.header("Expires").is_some());
    let other = fetch(&application, "/static/inside.txt?v=12345", &[]);
    assert_eq!(other.header("Cache-Control"), Some("no-cache"), "another content's URL must not be kept");

    // A change is another version at once.
    site.write("static/inside.txt", "changed inside");
    assert!(!fetch(&application, "/url/inside.txt", &[]).body.contains(version));
    assert_eq!(
        fetch(&application, "/url/a%20b/%C3%BC.txt", &[]).body.split('?').next(),
        Some("/static/a%20b/%C3%BC.txt")
    );

    // What has none, and what may have none.
    let said = logged(|| {
        assert!(fetch(&application, "/url/missing.css", &[]).body.starts_with("/static/missing.css http"));
        assert!(fetch(&application, "/url/dir", &[]).body.starts_with("/static/dir http"));
        assert_eq!(fetch(&application, "/url/../secret.txt", &[]).status, 403);
    });
    assert!(said.iter().any(|line| line.contains("Could not open static file \"missing.css\"")), "{said:?}");
}

#[test]
fn without_static_files_there_are_no_urls_of_them() {
    let application = Application::new().serve_traceback(true).get("/", async |cx| cx.write(cx.static_url("a.css")?));
    let answer = fetch(&Rc::new(application), "/", &[]);
    assert_eq!(answer.status, 500);
    assert!(answer.body.contains("this application has no static files"), "{}", answer.body);
}

#[test]
fn a_large_file_gets_its_version_off_the_loop() {
    let site = Site::new("large");
    site.write("static/large.bin", vec![b'x'; 2_000_000]);
    let application = Application::new()
        .static_files("/static", site.root())
        .get("/", async |cx| cx.write(cx.static_url("large.bin")?));
    let application = Rc::new(application);
    assert_eq!(fetch(&application, "/", &[]).body, "/static/large.bin");
    let end = std::time::Instant::now() + Duration::from_secs(20);
    while !fetch(&application, "/", &[]).body.contains("?v=") {
        assert!(std::time::Instant::now() < end, "it never had a version");
    }
}

#[test]
fn compressed_siblings_are_sent_to_those_who_take_them() {
    let site = Site::new("siblings");
    site.write("static/site.css.gz", "gzipped");
    let files = Directory::new(site.root()).precompressed(true);
    let application = Rc::new(Application::new().static_files("/static", files));
    let plain = fetch(&application, "/static/site.css", &[]);
    assert_eq!(plain.parts(), (200, "body {}"));
    assert_eq!(plain.header("Vary"), Some("Accept-Encoding"));
    let gzipped = fetch(&application, "/static/site.css", &[("Accept-Encoding", "br;q=1, gzip;q=0.5")]);
    assert_eq!(gzipped.parts(), (200, "gzipped"));
    assert_eq!(gzipped.header("Content-Encoding"), Some("gzip"));
    assert_eq!(gzipped.header("Content-Type"), Some("text/css"));
    assert_ne!(gzipped.header("Etag"), plain.header("Etag"));
    assert_eq!(fetch(&application, "/static/site.css", &[("Accept-Encoding", "gzip;q=0")]).body, "body {}");
    assert_eq!(fetch(&application, "/static/digits", &[("Accept-Encoding", "gzip")]).body, "0123456789");
}

#[test]
fn files_in_the_program_are_served_like_others() {
    let files = Embedded::new([
        ("site.css", b"body {}".as_slice()),
        ("docs/index.html", b"the docs"),
        ("favicon.ico", b"icon"),
    ]);
    let handler = StaticFileHandler::over(files).default_filename("index.html");
    let application = Application::new()
        .static_files("/static", handler)
        .get("/url", async |cx| cx.write(cx.static_url("site.css")?));
    let application = Rc::new(application);
    let css = fetch(&application, "/static/site.css", &[("Range", "bytes=0-3")]);
    assert_eq!((css.parts(), css.header("Content-Type")), ((206, "body"), Some("text/css")));
    assert_eq!(fetch(&application, "/static/docs", &[]).status, 301);
    assert_eq!(fetch(&application, "/static/docs/", &[]).body, "the docs");
    assert_eq!(fetch(&application, "/favicon.ico", &[]).body, "icon");
    assert_eq!(fetch(&application, "/static/missing", &[]).status, 404);
    let url = fetch(&application, "/url", &[]).body;
    let answer = fetch(&application, &url, &[]);
    assert_eq!(answer.header("Cache-Control"), Some("max-age=315360000"));
    assert!(url.ends_with(answer.header("Etag").unwrap().trim_matches('"')));
}

/// Rows of a table, which has one that breaks off.
struct Table;

impl StaticSource for Table {
    async fn find(&self, cx: &Context, path: &str) -> Result<Found> {
        let length = match path {
            "whole" => 300_000,
            "short" => 300_001,
            _ => return Err(HttpError::new(404).into()),
        };
        assert_eq!(cx.request.path(), format!("/table/{path}"));
        let read = async |range: std::ops::Range<u64>| {
            let end = range.end.min(300_000);
            Ok(vec![b'r'; usize::try_from(end.saturating_sub(range.start))?].into())
        };
        Ok(StaticFile::of_reader(length, read).content_type("text/csv").etag("v7").into())
    }

    fn versioned_path(&self, path: &str, _: Option<&str>) -> String {
        format!("{path}.42")
    }
}

#[test]
fn a_source_of_ones_own_is_served_range_by_range() {
    let handler = StaticFileHandler::over(Table).extra_headers(|cx, path| cx.set_header("X-Table", path));
    let application =
        Application::new().static_files("/table", handler).get("/url", async |cx| cx.write(cx.static_url("whole")?));
    let application = Rc::new(application);
    let answer = fetch(&application, "/table/whole", &[]);
    assert_eq!((answer.status, answer.body.len()), (200, 300_000));
    assert_eq!(answer.header("Etag"), Some("\"v7\""));
    assert_eq!(answer.header("X-Table"), Some("whole"));
    assert_eq!(answer.header("Content-Type"), Some("text/csv"));
    assert_eq!(fetch(&application, "/table/whole", &[("If-None-Match", "\"v7\"")]).status, 304);
    assert_eq!(fetch(&application, "/url", &[]).body, "/table/whole.42");
    assert_eq!(fetch(&application, "/table/other", &[]).status, 404);
    if crate::VERSION == http::Version::HTTP_11 {
        // Nobody takes a part for the whole: the connection ends before the length that was told.
        let said = logged(|| assert!(fetch(&application, "/table/short", &[]).body.len() < 300_000));
        assert!(said.iter().any(|line| line.contains("has become shorter while it was sent")), "{said:?}");
    }
}

#[test]
fn the_hash_is_that_of_sha512() {
    let site = Site::new("hash");
    site.write("static/abc", "abc");
    let etag = fetch(&site.application(), "/static/abc", &[]).header("Etag").unwrap().to_owned();
    assert!(etag.starts_with("\"ddaf35a193617abacc417349ae204131"), "{etag}");
}
