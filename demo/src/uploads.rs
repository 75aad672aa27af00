//! A request's body as it arrives: counted and summed up, and never held whole.

use firewhirl::prelude::*;

/// Bytes that may be sent; far above what is ever in memory at once.
const UPLOAD_MAX: u64 = 10 * 1024 * 1024 * 1024;

pub(crate) fn routes(site: Application) -> Application {
    site.route(url("/upload").stream_request_body().max_body_size(UPLOAD_MAX), Upload)
}

#[derive(Clone)]
struct Upload;

impl Handler for Upload {
    async fn post(&mut self, cx: &Context) -> Result {
        // FNV-1a, which is enough to see that nothing was lost.
        let (mut length, mut sum) = (0_u64, 0xcbf2_9ce4_8422_2325_u64);
        while let Some(chunk) = cx.body().next().await? {
            length += chunk.len() as u64;
            for byte in chunk {
                sum = (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
        cx.write(format!("{length} bytes, checksum {sum:016x}\n"))
    }
}
