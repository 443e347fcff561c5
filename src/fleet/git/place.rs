//! Whether a folder is one that git is asked about: cheap looks before a process is started, bounded in time.

use std::path::Path;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::plain::network;

/// Longest time for the looks: a folder of a server that is gone answers nobody.
const LIMIT: Duration = Duration::from_secs(2);

/// What a folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// No repository is above it.
    NoRepository,
    /// It lies in one, as far as its files tell.
    Repository,
}

/// Looks at a folder; one on a network filesystem only where that was asked for.
pub(super) async fn of(folder: &Path, on_network: bool) -> Result<Place, String> {
    let (answer, answered) = oneshot::channel();
    let asked = folder.to_owned();
    let look = move || {
        // Nobody waits any more when the folder took too long.
        let _late = answer.send(look(&asked, on_network));
    };
    // A thread of its own: a folder that hangs holds up nobody, not even the end of the program.
    let started = std::thread::Builder::new().name("folder".to_owned()).spawn(look);
    started.map_err(|error| format!("its folder cannot be looked at: {error}"))?;
    match tokio::time::timeout(LIMIT, answered).await {
        Ok(Ok(place)) => place,
        Ok(Err(_)) => Err("its folder cannot be looked at".to_owned()),
        Err(_) => Err(format!("its folder gave no answer within {} s", LIMIT.as_secs())),
    }
}

fn look(folder: &Path, on_network: bool) -> Result<Place, String> {
    if let Some(kind) = network::filesystem(folder).filter(|_| !on_network) {
        return Err(format!("lies on {kind}, and is not read there (MOSAIC_GIT_ON_NETWORK=1 reads it)"));
    }
    let has_git = folder.ancestors().any(|above| std::fs::symlink_metadata(above.join(".git")).is_ok());
    Ok(if has_git { Place::Repository } else { Place::NoRepository })
}
