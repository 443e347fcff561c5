//! Writing to what other programs share. Whether a terminal or a pipe is non-blocking belongs to its open description, which
//! the shell and all that it runs hold too: any of them may have left it so, and a full one is then no error.

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

/// A writer without a buffer that waits where there is no room, whether or not the descriptor does.
#[derive(Debug)]
pub struct Patient<T> {
    to: T,
    end: Option<Instant>,
}

impl<T: AsFd> Patient<T> {
    /// One that waits for as long as it takes.
    pub fn new(to: T) -> Self {
        Self { to, end: None }
    }

    /// One that gives up when there was no room for so long.
    pub fn within(to: T, limit: Duration) -> Self {
        Self { to, end: Some(Instant::now() + limit) }
    }

    /// Returns once there is room for a byte, or the other side is gone, which the next write tells.
    ///
    /// # Errors
    /// When there is none in time, or it cannot be asked for.
    pub fn wait_for_room(&self) -> io::Result<()> {
        let mut polled = [PollFd::new(&self.to, PollFlags::OUT)];
        loop {
            self.wait()?;
            match poll(&mut polled, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })) {
                // A signal came in between: there may be none yet.
                Ok(0) | Err(Errno::INTR) => {}
                Ok(_) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Returns when there may be room, or the other side is gone, which the next write tells.
    fn wait(&self) -> io::Result<()> {
        let left = match self.end.map(|end| end.saturating_duration_since(Instant::now())) {
            // `poll` with no time left would still answer that there is room.
            Some(Duration::ZERO) => return Err(io::ErrorKind::TimedOut.into()),
            Some(left) => Some(Timespec::try_from(left).map_err(io::Error::other)?),
            None => None,
        };
        match poll(&mut [PollFd::new(&self.to, PollFlags::OUT)], left.as_ref()) {
            // The write is tried again in either case, and finds out whether there is room.
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

impl<T: AsFd> Write for Patient<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match rustix::io::write(&self.to, bytes) {
                Err(Errno::AGAIN) => self.wait()?,
                Err(Errno::INTR) => {}
                written => return Ok(written?),
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use rustix::fs::{OFlags, fcntl_setfl};

    use super::*;

    #[test]
    fn a_full_pipe_that_does_not_block_is_waited_for() {
        let (mut reader, writer) = io::pipe().unwrap();
        fcntl_setfl(&writer, OFlags::NONBLOCK).unwrap();
        let sent: Vec<u8> = (0..1_000_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        let mut short = Patient::within(&writer, Duration::from_millis(50));
        let gave_up = short.write_all(&vec![0; 1 << 20]).unwrap_err();
        assert_eq!(gave_up.kind(), io::ErrorKind::TimedOut, "nobody reads");
        let read = std::thread::spawn(move || {
            let mut all = Vec::new();
            reader.read_to_end(&mut all).map(|_| all)
        });
        Patient::new(&writer).write_all(&sent).unwrap();
        drop(writer);
        let all = read.join().unwrap().unwrap();
        assert!(all.ends_with(&sent), "{} bytes", all.len());
    }
}
