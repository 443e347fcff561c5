//! Feeds the systemd plane from a task of its own, so that a hung manager holds nothing else up.

use std::convert::Infallible;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::fleet::home::Site;
use crate::fleet::lifecycle::{Installed, installed};
use crate::fleet::model::UnitsView;
use crate::fleet::systemd::{UnitNotice, UnitWatch};

/// Safety net below the signals, and the pause before connecting again.
const SLOW_POLL: Duration = Duration::from_secs(10);

/// Changes that arrive together are read once: a restart is several signals, and a crash shows
/// `failed` for an instant before the restart.
const SETTLE: Duration = Duration::from_millis(100);

/// Reads all units once.
pub(super) async fn read_once(site: &Site) -> Result<UnitsView, String> {
    Ok(of_this_fleet(site, UnitWatch::connect().await?.read().await?))
}

/// A user has one set of units; those of another fleet say nothing about this one.
fn of_this_fleet(site: &Site, view: UnitsView) -> UnitsView {
    match installed(site) {
        // Lingering is the user's and not the fleet's, so it holds for both.
        Installed::Other(_) | Installed::OtherRoster(_) => UnitsView { linger: view.linger, ..UnitsView::default() },
        _ if site.isolated => UnitsView { linger: view.linger, ..UnitsView::default() },
        Installed::Ours | Installed::No => view,
    }
}

/// Reads the units whenever something changes, until the receiver is gone.
pub(super) async fn feed(site: Site, readings: mpsc::Sender<Result<UnitsView, String>>) {
    tokio::select! {
        () = readings.closed() => {}
        () = feed_for_ever(&site, &readings) => {}
    }
}

async fn feed_for_ever(site: &Site, readings: &mpsc::Sender<Result<UnitsView, String>>) {
    loop {
        let Err(why) = follow(site, readings).await;
        // Where nobody takes it, this has an end.
        let _closed = readings.send(Err(why)).await;
        tokio::time::sleep(SLOW_POLL).await;
    }
}

/// Follows one connection to its end, and says why it has ended.
async fn follow(site: &Site, readings: &mpsc::Sender<Result<UnitsView, String>>) -> Result<Infallible, String> {
    let mut watch = UnitWatch::connect().await?;
    let (notify, mut notices) = mpsc::channel(1);
    // Before the first reading: what changes in between asks for another one.
    watch.subscribe(notify).await?;
    loop {
        let view = watch.read().await?;
        readings.send(Ok(of_this_fleet(site, view))).await.map_err(|_| "nobody reads any more".to_owned())?;
        match tokio::time::timeout(SLOW_POLL, notices.recv()).await {
            Ok(Some(UnitNotice::Changed)) => tokio::time::sleep(SETTLE).await,
            Ok(Some(UnitNotice::Gone) | None) => return Err("the user manager went away".to_owned()),
            Err(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_ends_with_whoever_reads() {
        let (readings, mut read) = mpsc::channel(1);
        let feeding = tokio::spawn(feed(Site::for_tests("/nowhere"), readings));
        // With a user manager or without one, there is something to tell.
        assert!(read.recv().await.is_some());
        drop(read);
        assert!(tokio::time::timeout(SLOW_POLL / 2, feeding).await.is_ok(), "it goes on for nobody");
    }
}
