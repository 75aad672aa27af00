//! The visitor's language: `AcceptLanguageTest`, and `SetLazyPropertiesTest`, whose `prepare` knows visitor and
//! language already.

use std::rc::Rc;

use firewhirl::prelude::*;
use firewhirl::web::locale::{Locale, Locales};

pub(super) fn accept_language() -> Application {
    let locales = Locales::new().gettext("fr_FR", b"").expect("a catalog may be empty");
    Application::new().locales(locales).get("/", async |cx| {
        cx.set_header("Content-Language", cx.browser_locale().code().replace('_', "-"))?;
        cx.finish("")
    })
}

pub(super) fn set_lazy_properties() -> Application {
    Application::new().site(Prepared).get("/", async |cx| {
        let user = cx.authenticated::<String>().await?;
        cx.write(format!("Hello {user} ({})", cx.locale().await?.code()))
    })
}

struct Prepared;

impl Site for Prepared {
    type User = String;

    async fn prepare(&self, cx: &Context) -> Result {
        cx.set_locale(cx.locales().closest(["en_US"]));
        cx.set_current_user(Some("Ben".to_owned()))
    }

    async fn user_locale(&self, _: &Context) -> Result<Option<Rc<Locale>>> {
        Err(Error::message("the locale is known already"))
    }

    async fn current_user(&self, _: &Context) -> Result<Option<String>> {
        Err(Error::message("the visitor is known already"))
    }
}
