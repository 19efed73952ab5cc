//! Facts about this process and its host, for the run lock.

use std::fmt;
use std::hash::{BuildHasher, RandomState};

/// What this process knows of itself and of others on the host.
pub trait Host: fmt::Debug + Send + Sync {
    /// Returns this process's id and place.
    fn facts(&self) -> HostFacts;
    /// Tells whether a process with this id lives on this host. A process of another user counts as alive.
    fn is_alive(&self, pid: u32) -> bool;
    /// Returns 128 fresh random bits as hexadecimal digits.
    fn token(&self) -> String;
    /// Returns how many bytes of memory this process may ask for; `None` when nobody set a limit.
    fn address_space(&self) -> Option<u64> {
        None
    }
}

/// What the run lock records of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostFacts {
    /// Process id.
    pub pid: u32,
    /// Host name.
    pub host: String,
    /// Id of the current boot; `None` where the system has none.
    pub boot_id: Option<String>,
    /// Seconds since 1970 at which the host was booted; `None` where unknown.
    pub booted_at: Option<i64>,
}

/// Returns how many letters fit into a line of standard output; `None` where it is no terminal, or one that does not say.
pub fn terminal_columns() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
    Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

/// This machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct ThisHost;

#[expect(
    clippy::disallowed_methods,
    reason = "host facts lie in /proc, which is read here and nowhere else"
)]
impl Host for ThisHost {
    fn facts(&self) -> HostFacts {
        let boot_id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok();
        let stat = std::fs::read_to_string("/proc/stat").unwrap_or_default();
        let booted_at = stat
            .lines()
            .find_map(|line| line.strip_prefix("btime "))
            .and_then(|text| text.parse().ok());
        HostFacts {
            pid: std::process::id(),
            host: rustix::system::uname()
                .nodename()
                .to_string_lossy()
                .into_owned(),
            boot_id: boot_id.map(|text| text.trim().to_owned()),
            booted_at,
        }
    }

    fn is_alive(&self, pid: u32) -> bool {
        let Some(pid) = i32::try_from(pid)
            .ok()
            .and_then(rustix::process::Pid::from_raw)
        else {
            return false;
        };
        // EPERM means that the process is there and belongs to somebody else.
        !matches!(
            rustix::process::test_kill_process(pid),
            Err(rustix::io::Errno::SRCH)
        )
    }

    fn token(&self) -> String {
        // The standard library seeds each RandomState from the system's random source.
        let half = || RandomState::new().hash_one(std::process::id());
        format!("{:016x}{:016x}", half(), half())
    }

    fn address_space(&self) -> Option<u64> {
        rustix::process::getrlimit(rustix::process::Resource::As).current
    }
}
