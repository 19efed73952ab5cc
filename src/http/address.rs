//! Addresses: which host a request goes to, and where a redirect leads.
//!
//! Promises: a host that was parsed is a safe file name once it went through `file_name`.

use std::fmt;

use ureq::http::Uri;

use super::{HttpError, Redirects};

/// An address of a server, parsed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) is_secure: bool,
    pub(super) host: String,
    /// The port, where it is not the usual one.
    pub(super) port: Option<u16>,
    /// Path and query.
    target: String,
}

impl Address {
    pub(super) fn parse(url: &str) -> Result<Self, HttpError> {
        let refused = |reason: &str| HttpError::Address {
            url: url.to_owned(),
            reason: reason.to_owned(),
        };
        let uri: Uri = url
            .parse()
            .map_err(|error: ureq::http::uri::InvalidUri| refused(&error.to_string()))?;
        let is_secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(refused("it begins with neither http:// nor https://")),
        };
        let host = uri.host().unwrap_or_default().to_ascii_lowercase();
        if host.is_empty() || host.starts_with('.') {
            return Err(refused("it names no host"));
        }
        let usual = if is_secure { 443 } else { 80 };
        let target = uri.path_and_query().map_or("/", |target| target.as_str());
        Ok(Self {
            is_secure,
            host,
            port: uri.port_u16().filter(|port| *port != usual),
            target: target.to_owned(),
        })
    }

    /// Returns the host, with the port where that is not the usual one.
    pub(super) fn authority(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.clone(),
        }
    }

    /// Returns where a `Location` leads from here.
    ///
    /// # Errors
    /// `Redirected` when that is no address, a connection that is less secure or, where that is not allowed, another host or
    /// another port.
    pub(super) fn follow(&self, location: &str, allowed: Redirects) -> Result<Self, HttpError> {
        let elsewhere = |to: &str| HttpError::Redirected { to: to.to_owned() };
        let scheme = if self.is_secure { "https" } else { "http" };
        let whole = if location.contains("://") {
            location.to_owned()
        } else if location.starts_with("//") {
            format!("{scheme}:{location}")
        } else if location.starts_with('/') {
            format!("{scheme}://{}{location}", self.authority())
        } else {
            let folder = self.target.split('?').next().unwrap_or_default();
            let folder = folder.rsplit_once('/').map_or("", |(folder, _)| folder);
            format!("{scheme}://{}{folder}/{location}", self.authority())
        };
        let next = Self::parse(&whole).map_err(|_| elsewhere(location))?;
        let is_no_worse = next.is_secure || !self.is_secure;
        let is_here = next.host == self.host && next.port == self.port;
        if is_no_worse && (is_here || allowed == Redirects::Anywhere) {
            Ok(next)
        } else {
            Err(elsewhere(&whole))
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_secure { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.authority(), self.target)
    }
}

/// Returns the name of the file that is kept for a host.
pub(super) fn file_name(authority: &str) -> String {
    let safe = |c: char| {
        if c.is_ascii_alphanumeric() || matches!(c, '.' | '-') {
            c.to_ascii_lowercase()
        } else {
            '_'
        }
    };
    let name: String = authority.chars().map(safe).collect();
    format!("{}.json", name.trim_start_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(url: &str) -> Address {
        Address::parse(url).unwrap()
    }

    #[test]
    fn the_usual_port_is_no_part_of_the_host() {
        assert_eq!(
            address("https://Q.example:443/a?b=1").authority(),
            "q.example"
        );
        assert_eq!(
            address("http://q.example:443/").authority(),
            "q.example:443"
        );
        assert_eq!(address("http://q.example").to_string(), "http://q.example/");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for url in [
            "",
            "q.example/a",
            "ftp://q.example/",
            "http://",
            "http://a b/",
            "/a",
        ] {
            let error = Address::parse(url).unwrap_err();

            assert!(matches!(error, HttpError::Address { .. }), "{url}: {error}");
        }
    }

    #[test]
    fn a_redirect_within_the_host_is_followed_in_every_spelling() {
        let from = address("http://q.example/a/b?c=1");
        for (location, to) in [
            ("/d?e=2", "http://q.example/d?e=2"),
            ("d", "http://q.example/a/d"),
            ("//q.example/d", "http://q.example/d"),
            ("http://Q.EXAMPLE/d", "http://q.example/d"),
            ("https://q.example/d", "https://q.example/d"),
        ] {
            assert_eq!(
                from.follow(location, Redirects::WithinHost)
                    .unwrap()
                    .to_string(),
                to
            );
        }
    }

    #[test]
    fn a_redirect_to_another_host_is_an_error_that_names_it() {
        let from = address("https://q.example/a");
        for location in [
            "https://consent.example/x",
            "//consent.example/x",
            "http://q.example/a",
            "https://q.example:8443/a",
            "https://q.example.consent.example/",
        ] {
            let error = from.follow(location, Redirects::WithinHost).unwrap_err();

            let named = location.trim_start_matches("https:");
            assert!(error.to_string().contains(named), "{error}");
        }
    }

    #[test]
    fn a_redirect_that_may_lead_anywhere_is_followed_but_to_a_less_secure_connection() {
        let from = address("https://q.example/a");
        let follow = |location| from.follow(location, Redirects::Anywhere);

        let signed = follow("https://store.example/b?Expires=2").unwrap();
        assert_eq!(signed.to_string(), "https://store.example/b?Expires=2");
        assert!(follow("http://store.example/b").is_err());
        assert!(follow("ftp://store.example/b").is_err());
    }

    #[test]
    fn a_host_becomes_a_name_without_a_path_in_it() {
        assert_eq!(file_name("query1.q.example"), "query1.q.example.json");
        assert_eq!(file_name("127.0.0.1:8080"), "127.0.0.1_8080.json");
        assert_eq!(file_name("../[::1]"), "____1_.json");
    }
}
