//! Which proxy a request goes through, as curl reads the usual variables.
//!
//! Promises: a proxy that makes no sense is an error that names its variable and not its password.
//! Leaves to others: reading the environment (`config::env` lists the variables).

use std::fmt;

use super::address::Address;

/// The proxies of the environment. The default is none.
#[derive(Clone, Default)]
pub struct Proxies {
    http: Option<ureq::Proxy>,
    https: Option<ureq::Proxy>,
    /// Hosts and domains that are asked directly; `*` is all.
    direct: Vec<String>,
}

impl Proxies {
    /// Returns the proxies that variables describe; `lookup` returns the value of one.
    ///
    /// Asked for are `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`.
    ///
    /// # Errors
    /// At the first variable that is no proxy.
    pub fn from(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, InvalidProxy> {
        let named = |variable: &'static str| {
            let value = lookup(variable).filter(|value| !value.trim().is_empty());
            value.map(|value| (variable, value))
        };
        let all = named("ALL_PROXY");
        let parsed = |found: Option<(&'static str, String)>| {
            found
                .map(|(variable, value)| {
                    ureq::Proxy::new(value.trim()).map_err(|_| InvalidProxy { variable })
                })
                .transpose()
        };
        let direct = named("NO_PROXY").map_or_else(String::new, |(_, value)| value);
        let entries = direct.split([',', ' ']).map(str::trim);
        Ok(Self {
            http: parsed(named("HTTP_PROXY").or_else(|| all.clone()))?,
            https: parsed(named("HTTPS_PROXY").or(all))?,
            direct: entries
                .filter(|entry| !entry.is_empty())
                .map(str::to_ascii_lowercase)
                .collect(),
        })
    }

    /// Returns the proxy for an address; `None` when it is asked directly.
    pub(super) fn of(&self, address: &Address) -> Option<ureq::Proxy> {
        if self
            .direct
            .iter()
            .any(|entry| is_meant(entry, &address.host))
        {
            return None;
        }
        let proxy = if address.is_secure {
            &self.https
        } else {
            &self.http
        };
        proxy.clone()
    }
}

/// Tells whether an entry of `NO_PROXY` means a host: itself or a domain that it lies in.
fn is_meant(entry: &str, host: &str) -> bool {
    let domain = entry.trim_start_matches('*').trim_start_matches('.');
    let domain = domain.split(':').next().unwrap_or_default();
    entry == "*"
        || (!domain.is_empty()
            && (host == domain
                || host
                    .strip_suffix(domain)
                    .is_some_and(|rest| rest.ends_with('.'))))
}

impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The addresses may hold passwords.
        f.debug_struct("Proxies")
            .field("http", &self.http.is_some())
            .field("https", &self.https.is_some())
            .field("direct", &self.direct)
            .finish()
    }
}

/// A variable that should name a proxy does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the environment variable {variable} is no address of a proxy, as in http://proxy.example:3128"
)]
pub struct InvalidProxy {
    /// The variable.
    pub variable: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy(variables: &[(&str, &str)], url: &str) -> Option<String> {
        let lookup = |name: &str| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let proxy = Proxies::from(lookup)
            .unwrap()
            .of(&Address::parse(url).unwrap());
        proxy.map(|proxy| format!("{}:{}", proxy.host(), proxy.port()))
    }

    #[test]
    fn each_scheme_has_its_proxy_and_all_proxy_stands_in() {
        let both = [("HTTP_PROXY", "http://a:1"), ("HTTPS_PROXY", "http://b:2")];
        let all = [("ALL_PROXY", "socks5h://c:3"), ("HTTPS_PROXY", "b:2")];

        assert_eq!(proxy(&both, "http://q.example/").as_deref(), Some("a:1"));
        assert_eq!(proxy(&both, "https://q.example/").as_deref(), Some("b:2"));
        assert_eq!(proxy(&all, "http://q.example/").as_deref(), Some("c:3"));
        assert_eq!(proxy(&all, "https://q.example/").as_deref(), Some("b:2"));
    }

    #[test]
    fn without_variables_and_with_empty_ones_nothing_is_asked_through_a_proxy() {
        assert_eq!(proxy(&[], "http://q.example/"), None);
        assert_eq!(proxy(&[("HTTP_PROXY", " ")], "http://q.example/"), None);
    }

    #[test]
    fn hosts_and_domains_that_are_exempt_are_asked_directly() {
        for (exempt, host, is_direct) in [
            ("q.example", "q.example", true),
            ("q.example", "deep.q.example", true),
            (".q.example", "deep.q.example", true),
            ("*.q.example", "deep.q.example", true),
            ("q.example:443", "q.example", true),
            ("localhost, 127.0.0.1", "127.0.0.1", true),
            ("Q.EXAMPLE", "q.example", true),
            ("*", "anything", true),
            ("q.example", "notq.example", false),
            ("deep.q.example", "q.example", false),
            (",", "q.example", false),
        ] {
            let variables = [("ALL_PROXY", "http://a:1"), ("NO_PROXY", exempt)];

            let found = proxy(&variables, &format!("http://{host}/"));

            assert_eq!(found.is_none(), is_direct, "{exempt} {host}");
        }
    }

    #[test]
    fn a_proxy_that_makes_no_sense_is_named_without_its_password() {
        let error = Proxies::from(|name| {
            (name == "HTTPS_PROXY").then(|| "gopher://me:secret@a:1".to_owned())
        })
        .unwrap_err();

        assert_eq!(error.variable, "HTTPS_PROXY");
        assert!(!error.to_string().contains("secret"));
    }
}
