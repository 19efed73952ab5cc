//! Asking a run to stop.
//!
//! Promises: the first SIGINT, SIGTERM or SIGHUP only raises a flag that the run polls between tickers and
//! partitions; the second one ends the process at once, which is as safe as a crash and therefore safe.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::flag;

/// A signal that asks a run to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Control-C.
    Interrupt,
    /// The polite request of systemd, Docker and `kill`.
    Terminate,
    /// The terminal is gone.
    HangUp,
}

impl Signal {
    const ALL: [Self; 3] = [Self::Interrupt, Self::Terminate, Self::HangUp];

    /// Returns the number of the signal; 128 more is the exit code by convention.
    pub fn number(self) -> i32 {
        match self {
            Self::Interrupt => SIGINT,
            Self::Terminate => SIGTERM,
            Self::HangUp => SIGHUP,
        }
    }

    /// Returns the name that people know it by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Interrupt => "SIGINT",
            Self::Terminate => "SIGTERM",
            Self::HangUp => "SIGHUP",
        }
    }
}

/// A flag that is raised once and polled by everything that may take long. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    is_raised: Arc<AtomicBool>,
    signal: Arc<AtomicUsize>,
}

impl Shutdown {
    /// Returns a flag that the process's signals raise.
    ///
    /// # Errors
    /// When the system refuses to install a handler.
    pub fn on_signals() -> io::Result<Self> {
        let shutdown = Self::default();
        for signal in Signal::ALL {
            let number = signal.number();
            // Before the flag is registered: at the second signal it is up already, and this one ends the process.
            flag::register_conditional_shutdown(
                number,
                128 + number,
                Arc::clone(&shutdown.is_raised),
            )?;
            flag::register_usize(
                number,
                Arc::clone(&shutdown.signal),
                usize::try_from(number).unwrap_or_default(),
            )?;
            flag::register(number, Arc::clone(&shutdown.is_raised))?;
        }
        // A file size limit then answers EFBIG, which is reported with its path, in place of killing the process.
        flag::register(SIGXFSZ, Arc::default())?;
        Ok(shutdown)
    }

    /// Raises the flag, as the signal would.
    pub fn raise(&self, signal: Signal) {
        self.signal.store(
            usize::try_from(signal.number()).unwrap_or_default(),
            Ordering::SeqCst,
        );
        self.is_raised.store(true, Ordering::SeqCst);
    }

    /// Tells whether the run was asked to stop.
    pub fn is_raised(&self) -> bool {
        self.is_raised.load(Ordering::SeqCst)
    }

    /// Returns the signal that asked, if one did.
    pub fn signal(&self) -> Option<Signal> {
        let number = self.signal.load(Ordering::SeqCst);
        self.is_raised().then(|| {
            let is_it =
                |signal: &Signal| usize::try_from(signal.number()).is_ok_and(|n| n == number);
            Signal::ALL
                .into_iter()
                .find(is_it)
                .unwrap_or(Signal::Interrupt)
        })
    }
}
