//! A moment that is waited for.

use tokio::time::Instant;

/// Waits until a moment, or for ever where there is none.
pub async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
