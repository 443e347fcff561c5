//! Feeds the systemd plane from a task of its own, so that a hung manager holds nothing else up.

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
        Installed::Other(_) | Installed::OtherRoster(_) => UnitsView { linger: view.linger, ..UnitsView::default() },
        _ if site.isolated => UnitsView { linger: view.linger, ..UnitsView::default() },
        Installed::Ours | Installed::No => view,
    }
}

/// Reads the units whenever something changes, until the receiver is gone.
pub(super) async fn feed(site: Site, readings: mpsc::Sender<Result<UnitsView, String>>) {
    loop {
        if let Err(why) = follow(&site, &readings).await
            && readings.send(Err(why)).await.is_err()
        {
            return;
        }
        tokio::time::sleep(SLOW_POLL).await;
    }
}

/// Follows one connection to its end.
async fn follow(site: &Site, readings: &mpsc::Sender<Result<UnitsView, String>>) -> Result<(), String> {
    let mut watch = UnitWatch::connect().await?;
    let (notify, mut notices) = mpsc::channel(1);
    // Before the first reading: what changes in between asks for another one.
    watch.subscribe(notify).await?;
    loop {
        let view = watch.read().await?;
        if readings.send(Ok(of_this_fleet(site, view))).await.is_err() {
            return Ok(());
        }
        match tokio::time::timeout(SLOW_POLL, notices.recv()).await {
            Ok(Some(UnitNotice::Changed)) => tokio::time::sleep(SETTLE).await,
            Ok(Some(UnitNotice::Gone) | None) => return Err("the user manager went away".to_owned()),
            Err(_) => {}
        }
    }
}
