//! Transforms of an application's own.

use firewhirl_event::Result;
use firewhirl_http::Headers;
use firewhirl_testing::{expect_log, http_test};
use firewhirl_web::{Application, OutputTransform};
use http::StatusCode;

/// Puts what it was told before and after the body, and a line into the head.
struct Frame {
    mark: String,
}

impl OutputTransform for Frame {
    fn transform_first_chunk(
        &mut self,
        _: &mut StatusCode,
        headers: &mut Headers,
        chunk: &mut Vec<u8>,
        finishing: bool,
    ) -> Result {
        headers.add("X-Frame", self.mark.as_str())?;
        chunk.splice(0..0, self.mark.bytes());
        self.transform_chunk(chunk, finishing)
    }

    fn transform_chunk(&mut self, chunk: &mut Vec<u8>, finishing: bool) -> Result {
        if finishing {
            chunk.extend_from_slice(self.mark.as_bytes());
        }
        Ok(())
    }
}

struct Broken;

impl OutputTransform for Broken {
    fn transform_first_chunk(&mut self, status: &mut StatusCode, _: &mut Headers, _: &mut Vec<u8>, _: bool) -> Result {
        if *status == 200 { Err(std::io::Error::other("broken").into()) } else { Ok(()) }
    }
}

async fn framed() -> Result<Application> {
    Ok(Application::new()
        .add_transform(|request| Frame { mark: request.path()[..2].to_owned() })
        .add_transform(|_| Frame { mark: "|".to_owned() })
        .get("/whole", async |cx| cx.write("body"))
        .get("/parts", async |cx| {
            cx.write("one ")?;
            cx.flush().await?;
            cx.write("two ")?;
            cx.flush().await?;
            cx.write("three")
        })
        .get("/empty", async |cx| {
            cx.set_status(204);
            Ok(())
        }))
}

#[test]
fn transforms_see_a_response_in_the_order_in_which_they_were_added() {
    http_test(framed, async |client| {
        let whole = client.get("/whole").await?;
        assert_eq!(whole.text(), "|/wbody/w|");
        assert_eq!(whole.header("Content-Length"), Some("10"));
        assert_eq!(whole.headers().get("X-Frame").as_deref(), Some("/w,|"));
        assert_eq!(client.get("/parts").await?.text(), "|/pone two three/p|");
        assert!(client.get("/nowhere").await?.text().starts_with("|/n<html>"));
        let empty = client.get("/empty").await?;
        assert_eq!((empty.status(), empty.header("Content-Length")), (StatusCode::NO_CONTENT, None));
        Ok(())
    });
}

#[test]
fn a_response_is_compressed_after_its_transforms() {
    let app = async || Ok(framed().await?.compress_response(true).get("/long", async |cx| cx.write("x".repeat(1_020))));
    http_test(app, async |client| {
        let response = client.get("/long").header("Accept-Encoding", "gzip").await?;
        // With the four marks it is long enough.
        assert_eq!(response.header("Content-Encoding"), Some("gzip"));
        Ok(())
    });
}

#[test]
fn the_error_of_a_transform_is_answered_with_500() {
    let app = async || Ok(Application::new().add_transform(|_| Broken).get("/", async |cx| cx.write("x")));
    http_test(app, async |client| {
        let log = expect_log("firewhirl::app", "Uncaught exception GET /");
        assert_eq!(client.get("/").await?.status(), 500);
        drop(log);
        Ok(())
    });
}
