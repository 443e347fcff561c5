//! A bell: one process waits for it, and every other of the same user can ring it.
//!
//! It is a FIFO and not inotify, whose instances are few: by default 128 for all processes of a user, and the programs that
//! a fleet runs need theirs. One of them takes no message any more once it gets none.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::{CWD, FileType, Mode, OFlags, mknodat};
use tokio::net::unix::pipe::{OpenOptions, Receiver};

use super::folder;

/// The end that waits.
#[derive(Debug)]
pub struct Bell(Receiver);

impl Bell {
    /// Opens the bell of that name, and makes it where it is missing. Needs the runtime of the one that waits.
    ///
    /// # Errors
    /// What the file system says.
    pub fn hang(path: &Path) -> io::Result<Self> {
        path.parent().map_or(Ok(()), folder::make_private)?;
        let made = || mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).map_err(io::Error::from);
        match made() {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                if !path.symlink_metadata()?.file_type().is_fifo() {
                    // Whatever else has its name rings nothing.
                    std::fs::remove_file(path)?;
                    made()?;
                }
            }
            other => other?,
        }
        // With an end to write of its own, or it would be told of an end of file whenever the last one who rang is gone.
        OpenOptions::new().read_write(true).open_receiver(path).map(Self)
    }

    /// Waits until it was rung at least once since the last time.
    ///
    /// # Errors
    /// What the kernel says.
    pub async fn rung(&self) -> io::Result<()> {
        let mut bytes = [0; 64];
        let mut any = false;
        loop {
            match self.0.try_read(&mut bytes) {
                // However often: whoever waits reads all there is.
                Ok(count) => any |= count > 0,
                Err(error) if error.kind() == ErrorKind::WouldBlock && any => return Ok(()),
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.0.readable().await?,
                Err(error) => return Err(error),
            }
        }
    }
}

/// Rings the bell of that name; `false` when nobody waits for it.
///
/// # Errors
/// What the file system says.
pub fn ring(path: &Path) -> io::Result<bool> {
    let flags = OFlags::NONBLOCK | OFlags::NOFOLLOW;
    let opened = File::options().write(true).custom_flags(flags.bits().cast_signed()).open(path);
    let mut bell = match opened {
        Ok(bell) if bell.metadata()?.file_type().is_fifo() => bell,
        Ok(_) => return Ok(false),
        // Nobody hung it, or who did is gone.
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::NXIO.raw_os_error()) => return Ok(false),
        Err(error) => return Err(error),
    };
    match bell.write(&[1]) {
        Ok(_) => Ok(true),
        // It was rung so often that no more rings fit in.
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(true),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn is_silent(bell: &Bell) -> bool {
        let rung = std::pin::pin!(bell.rung());
        matches!(rung.poll(&mut Context::from_waker(Waker::noop())), Poll::Pending)
    }

    #[tokio::test]
    async fn it_is_heard_once_however_often_it_was_rung() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.d/bell");
        assert!(!ring(&path).unwrap(), "nobody hung it");
        let bell = Bell::hang(&path).unwrap();
        assert!(is_silent(&bell));
        // More often than a pipe holds.
        for _ in 0..70_000 {
            assert!(ring(&path).unwrap());
        }
        bell.rung().await.unwrap();
        assert!(is_silent(&bell));
        let waits = tokio::spawn(async move { bell.rung().await.map(|()| bell) });
        tokio::task::yield_now().await;
        assert!(ring(&path).unwrap());
        drop(waits.await.unwrap().unwrap());
        assert!(!ring(&path).unwrap(), "who hung it is gone");
        let again = Bell::hang(&path).unwrap();
        assert!(ring(&path).unwrap());
        again.rung().await.unwrap();
    }

    #[tokio::test]
    async fn what_is_no_bell_gives_way_to_one_and_is_never_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bell");
        std::fs::write(&path, "a file").unwrap();
        assert!(!ring(&path).unwrap());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "a file");
        let bell = Bell::hang(&path).unwrap();
        assert!(ring(&path).unwrap());
        bell.rung().await.unwrap();
    }
}
