//! Values that threads share.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks a value that threads share. One that a thread held when it panicked is used as it was left: these are caches, queues and
/// counters, each change of which is a single call.
pub fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
