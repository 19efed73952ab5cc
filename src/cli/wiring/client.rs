//! From the environment to a client of servers, for commands that ask without a source.

use super::{Workspace, servers};
use crate::cli::Exit;
use crate::cli::failure::Failure;
use crate::http::{Client, HttpSettings, Proxies};
use crate::source::symbols;

impl Workspace<'_> {
    /// Returns a client for lists of symbols. Nothing is sent yet.
    ///
    /// # Errors
    /// When a variable of the environment is no proxy.
    pub(in crate::cli) fn client(&self) -> Result<Client, Failure> {
        let shell = self.shell;
        let proxies = Proxies::from(|name| shell.env.proxies.get(name).cloned())
            .map_err(|error| Failure::new(Exit::Usage, error))?;
        let settings = HttpSettings {
            body_limit: symbols::MOST_BYTES,
            ..HttpSettings::default()
        };
        Ok(Client::new(
            settings,
            proxies,
            servers::limiter(shell, &self.runs),
        ))
    }
}
