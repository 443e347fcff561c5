//! Running a future to its end, on a reactor of its own.

use crate::fleet::error::{Failure, Result};

/// Runs a future on a small runtime of its own.
pub(in crate::app) fn block_on<T>(future: impl Future<Output = T>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::failed("event loop", error.to_string(), "free some memory or file descriptors"))?;
    Ok(runtime.block_on(future))
}
