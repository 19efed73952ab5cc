//! Where a workspace is, and the outside world that it is opened in.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::EnvVars;
use crate::sys::{Clock, Fs, Host, OsFs, Shutdown, SystemClock, ThisHost};

/// A folder, and the outside world that it is opened in: everything that a test replaces.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// The folder, absolute; it need not be there.
    pub root: PathBuf,
    /// The door to the file system.
    pub fs: Arc<dyn Fs>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The clock that waits for servers; it goes on also where the other one stands still.
    pub waits: Arc<dyn Clock>,
    /// This host and process.
    pub host: Arc<dyn Host>,
    /// Raised when the program is asked to stop.
    pub stop: Shutdown,
    /// What the environment says.
    pub env: EnvVars,
}

impl Surroundings {
    /// Returns a folder in the world of this process, without what its environment says.
    pub fn of_process(root: &Path) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        Self {
            root: root.to_owned(),
            fs: Arc::new(OsFs),
            waits: Arc::clone(&clock),
            clock,
            host: Arc::new(ThisHost),
            stop: Shutdown::default(),
            env: EnvVars::default(),
        }
    }

    /// Returns a number that tells the processes of one second apart.
    pub fn nonce(&self) -> u32 {
        let token = self.host.token();
        let digits = token.get(..8);
        digits
            .and_then(|digits| u32::from_str_radix(digits, 16).ok())
            .unwrap_or_default()
    }
}
