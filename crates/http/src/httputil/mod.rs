//! What HTTP's two sides and the applications above them share: forms, uploads, cookies, dates, URLs.
//!
//! Tornado's `httputil`, a file a concept. Nothing here knows of a connection: functions and small
//! state machines over bytes.

mod arguments;
mod authorization;
mod byte_ranges;
mod challenges;
mod conditional;
mod cookie_date;
mod cookies;
pub mod dates;
mod error;
mod forms;
mod multipart;
mod parameters;
mod preconditions;
mod ranges;
mod responses;
mod urls;

pub use arguments::Arguments;
pub use authorization::{basic_authorization, encode_username_password};
pub use byte_ranges::{ByteRanges, ByteRangesPiece, parse_request_ranges, resolve_ranges};
pub(crate) use challenges::parse_authentication_info;
pub use challenges::{Challenge, parse_challenges};
pub use conditional::{etag_matches, not_modified_since};
pub use cookie_date::parse_cookie_date;
pub use cookies::{is_cookie_name, parse_cookie, request_cookies};
pub use dates::{DateCache, HttpDate, format_timestamp, parse_date};
pub use error::{HttpInputError, MultipartError, TooManyArguments};
pub use forms::{Files, Form, FormLimits, HttpFile, parse_body_arguments, parse_multipart_form_data};
pub use multipart::{MultipartEvent, MultipartLimits, MultipartReader, PartHead};
pub use parameters::parse_parameters;
pub use preconditions::{Conditions, Precondition, Validators};
pub use ranges::{RangeNotSatisfiable, RequestRange, content_range, parse_request_range};
pub use responses::{RESPONSES, reason_phrase};
pub use urls::{qs_to_qsl, split_host_and_port, url_concat, urljoin};
