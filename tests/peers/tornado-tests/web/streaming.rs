//! Bodies in parts, of either direction, and connections that end before them.

use firewhirl::prelude::*;
use serde_json::json;

/// An empty flush still sends the head, or nothing.
pub(super) fn empty_flush() -> Application {
    Application::new().get("/empty_flush", async |cx| {
        cx.flush().await?;
        cx.flush().await?;
        cx.write("o")?;
        cx.flush().await?;
        cx.flush().await?;
        cx.finish("k")
    })
}

/// The class's other two handlers tell the test of what they see, in the test's own process.
pub(super) fn streaming_request_body() -> Application {
    Application::new().route("/early_return", EarlyReturn)
}

/// Answers before the body has arrived.
#[derive(Clone)]
struct EarlyReturn;

impl Handler for EarlyReturn {
    const STREAM_REQUEST_BODY: bool = true;

    async fn prepare(&mut self, _: &Context) -> Result {
        Err(HttpError::new(401).into())
    }
}

pub(super) fn flow_control() -> Application {
    Application::new().route("/", FlowControl { methods: Vec::new() })
}

/// Notes the order of what happens. Where Tornado calls `data_received`, the verb asks for a chunk.
#[derive(Clone)]
struct FlowControl {
    methods: Vec<&'static str>,
}

impl Handler for FlowControl {
    const STREAM_REQUEST_BODY: bool = true;

    async fn prepare(&mut self, _: &Context) -> Result {
        self.methods.push("prepare");
        Ok(())
    }

    async fn post(&mut self, cx: &Context) -> Result {
        while cx.body().next().await?.is_some() {
            self.methods.push("data_received");
        }
        self.methods.push("post");
        cx.write(json!({ "methods": self.methods }))
    }
}

/// The connection is closed under the handler's hands, as if its client had left.
pub(super) fn client_close() -> Application {
    Application::new().get("/", async |cx| {
        cx.detach()?.close();
        Ok(())
    })
}
