//! The visitor's locale, as he chose it or as his browser asks for it.

use std::rc::Rc;

use firewhirl_event::Result;

use super::Context;
use crate::locale::{Locale, Locales, accepted_languages};

/// The locale that a request keeps, once it was asked for.
struct Found(Rc<Locale>);

impl Context {
    /// The visitor's locale: the site's [`user_locale`](crate::Site::user_locale), else
    /// [`browser_locale`](Self::browser_locale). Once it was asked for, or [set](Self::set_locale), it stays for the
    /// rest of the request.
    ///
    /// # Errors
    ///
    /// The site's own.
    ///
    /// # Cancel safety
    ///
    /// The site is asked anew next time.
    ///
    /// # Examples
    ///
    /// ```
    /// use firewhirl_event::Result;
    /// use firewhirl_web::Context;
    ///
    /// async fn greet(cx: &Context) -> Result {
    ///     let locale = cx.locale().await?;
    ///     cx.write(locale.translate("Hello, world"))
    /// }
    /// ```
    pub async fn locale(&self) -> Result<Rc<Locale>> {
        if let Some(found) = self.local::<Found>() {
            return Ok(Rc::clone(&found.0));
        }
        let mut of_user = None;
        for site in self.route().sites.iter().rev() {
            if let Some(asked) = site.user_locale(self) {
                of_user = asked.await?;
                break;
            }
        }
        if self.local::<Found>().is_none() {
            self.set_locale(of_user.unwrap_or_else(|| self.browser_locale()));
        }
        // The site may have set one by hand meanwhile.
        Ok(self.local::<Found>().map_or_else(|| self.browser_locale(), |found| Rc::clone(&found.0)))
    }

    /// Sets the locale for the rest of this request, as a `prepare` may; the site is not asked then.
    pub fn set_locale(&self, locale: Rc<Locale>) {
        self.set_local(Found(locale));
    }

    /// The locale that the visitor's browser likes best of those that there are, `en_US` where it says nothing.
    /// Tornado's `get_browser_locale`.
    pub fn browser_locale(&self) -> Rc<Locale> {
        self.browser_locale_or("en_US")
    }

    /// As [`browser_locale`](Self::browser_locale), with another locale where the browser says nothing.
    pub fn browser_locale_or(&self, default: &str) -> Rc<Locale> {
        let values: Vec<&[u8]> = self.request.header_values("Accept-Language").collect();
        let header = String::from_utf8_lossy(&values.join(&b',')).into_owned();
        match accepted_languages(&header) {
            languages if values.is_empty() || languages.is_empty() => self.locales().closest([default]),
            languages => self.locales().closest(languages),
        }
    }

    /// The application's locales.
    pub fn locales(&self) -> &Locales {
        self.settings().locales()
    }
}
