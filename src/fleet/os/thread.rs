//! Threads of their own for what waits.

use crate::fleet::error::{Failure, Result};

/// Starts a thread of that name. `std::thread::spawn` panics where the limit of processes is reached.
///
/// # Errors
/// When the kernel gives none; the work is dropped then, with what it holds.
pub fn begin(name: &str, work: impl FnOnce() + Send + 'static) -> Result<()> {
    let begun = std::thread::Builder::new().name(name.to_owned()).spawn(work);
    begun.map(drop).map_err(|error| {
        Failure::failed(format!("thread {name}"), error.to_string(), "end some processes, or allow more (`ulimit -u`)")
    })
}
