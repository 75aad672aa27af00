//! The classes of `web_test`, a file a family of them.

mod arguments;
mod compression;
mod cookies;
mod errors;
mod etags;
mod forgery;
mod headers;
mod hosts;
mod locales;
mod methods;
mod paths;
mod redirects;
mod static_files;
mod statuses;
mod streaming;
mod wsgi_safe;

use firewhirl::prelude::*;

use crate::{Case, server};

/// What serves a class, by its name.
#[rustfmt::skip]
pub(crate) fn serve(class: &str) -> Option<Case> {
    let application: fn() -> Application = match class {
        "AcceptLanguageTest"                  => locales::accept_language,
        "AllHTTPMethodsTest"                  => methods::all_http_methods,
        "AuthRedirectTest"                    => redirects::auth_redirect,
        "BuggyLoggingTest"                    => errors::buggy_logging,
        "CacheTest"                           => etags::cache,
        "CancellationTest"                    => errors::cancellation,
        "ClearAllCookiesTest"                 => cookies::clear_all,
        "ClearHeaderTest"                     => headers::clear_header,
        "ClientCloseTest"                     => streaming::client_close,
        "CookieTest"                          => cookies::cookies,
        "CrossOriginProtectionBeforePrepareTest" => forgery::before_prepare,
        "CrossOriginProtectionCheckTrustedOriginTest" => forgery::check_trusted_origin,
        "CrossOriginProtectionDisabledTest"   => forgery::disabled,
        "CrossOriginProtectionTest"           => forgery::cross_origin,
        "CrossOriginProtectionWithXSRFCookiesTest" => forgery::with_xsrf_cookies,
        "Custom404Test"                       => errors::custom_404,
        "CustomStaticFileTest"                => static_files::custom,
        "DateHeaderTest"                      => headers::date_header,
        "DecoratorTest"                       => redirects::decorators,
        "Default404Test"                      => errors::default_404,
        "DefaultHandlerArgumentsTest"         => errors::default_handler_arguments,
        "DefaultHostMatchingTest"             => hosts::default_host_matching,
        "ErrorHandlerCrossOriginTest"         => forgery::error_handlers,
        "ErrorHandlerXSRFTest"                => forgery::error_handlers,
        "ErrorResponseTest"                   => errors::error_response,
        "ExceptionHandlerTest"                => errors::exception_handler,
        "FinishExceptionTest"                 => errors::finish_exception,
        "FinishInPrepareTest"                 => methods::finish_in_prepare,
        "GetArgumentErrorTest"                => arguments::get_argument_error,
        "GzipTestCase"                        => compression::gzip,
        "HandlerByNameTest"                   => paths::handler_by_name,
        "Header204Test"                       => statuses::header_204,
        "Header204viaHTTPErrorTest"           => statuses::header_204_via_http_error,
        "Header304Test"                       => etags::header_304,
        "HostMatchingTest"                    => hosts::host_matching,
        "NamedURLSpecGroupsTest"              => paths::named_urlspec_groups,
        "NonWSGIWebTests"                     => streaming::empty_flush,
        "PatchMethodTest"                     => methods::patch_method,
        "PathArgsInPrepareTest"               => paths::path_args_in_prepare,
        "RaiseWithReasonTest"                 => statuses::raise_with_reason,
        "RedirectHandlerTest"                 => redirects::redirect_handler,
        "RequestEncodingTest"                 => arguments::request_encoding,
        "SetLazyPropertiesTest"               => locales::set_lazy_properties,
        "StaticDefaultFilenameRootTest"       => static_files::default_filename_root,
        "StaticDefaultFilenameTest"           => static_files::default_filename,
        "StaticFileTest"                      => static_files::static_file,
        "StaticFileWithPathTest"              => static_files::with_path,
        "StatusReasonTest"                    => statuses::status_reason,
        "StreamingRequestBodyTest"            => streaming::streaming_request_body,
        "UnimplementedHTTPMethodsTest"        => methods::unimplemented_http_methods,
        "UnimplementedNonStandardMethodsTest" => methods::unimplemented_http_methods,
        "WSGISafeWebTest"                     => wsgi_safe::application,
        "DecoratedStreamingRequestFlowControlTest" | "NativeStreamingRequestFlowControlTest" => {
            return Some(server(streaming::flow_control).chunk_size(10).decompress_request(true).into());
        }
        "XSRFCookieKwargsTest"                => forgery::cookie_kwargs,
        "XSRFCookieNameTest"                  => forgery::cookie_name,
        "XSRFTest" => return Some(server(forgery::versions).into()),
        _ => return None,
    };
    Some(server(application).into())
}

/// Python's `1 / 0`, which many handlers of the tests raise.
#[derive(Debug)]
struct ZeroDivisionError;

impl std::fmt::Display for ZeroDivisionError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("division by zero")
    }
}

impl std::error::Error for ZeroDivisionError {}
