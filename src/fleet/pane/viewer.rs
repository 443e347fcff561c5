//! The live view: a tmux client in a private terminal, parsed on a thread of its own.

use std::io::Read;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::cells::{self, Region};
use crate::fleet::error::Result;
use crate::fleet::model::{PaneKey, PaneScreen, PaneTarget, Size};
use crate::fleet::os::exec::{self, PtyProcess};
use crate::fleet::ssh::Links;
use crate::fleet::tmux::Reader;

/// One read from the client: a terminal mostly hands over 4 kB at once.
const READ_BYTES: usize = 16 << 10;

/// A live, read-only view of one pane. Dropping it ends the client.
pub struct Viewer {
    target: PaneTarget,
    shared: Arc<Shared>,
    _client: PtyProcess,
}

struct Shared {
    parser: Mutex<vt100::Parser>,
    /// Set when something was parsed since the last look.
    moved: AtomicBool,
    /// Set once the client drew anything at all.
    drawn: AtomicBool,
    ended: AtomicBool,
    wake: Arc<Notify>,
}

impl Viewer {
    /// Opens a view; `wake` is notified whenever there is something new to draw.
    ///
    /// # Errors
    /// When tmux or a terminal cannot be had.
    pub fn open(target: PaneTarget, links: &Links, wake: Arc<Notify>) -> Result<Self> {
        // A client has the status lines beside the window; without their rows the window would shrink.
        let size = Size { width: target.window.width, height: target.window.height + target.status_rows };
        let (program, args) = Reader::at(&target.server, links).viewer(&target.session_id);
        let client = exec::in_pty(program.as_ref(), &args, size).map_err(|error| exec::explain(program, &error))?;
        let mut reader = client
            .master
            .try_clone_reader()
            .map_err(|error| exec::explain("tmux", &exec::ExecError::Io(std::io::Error::other(error.to_string()))))?;
        let shared = Arc::new(Shared {
            parser: Mutex::new(cells::parser(size)),
            moved: AtomicBool::new(false),
            drawn: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            wake,
        });
        let writer = Arc::clone(&shared);
        // A read from a terminal blocks, and cannot be waited for together with others.
        std::thread::Builder::new()
            .name("viewer".to_owned())
            .spawn(move || writer.read_all(&mut *reader))
            .map_err(|error| exec::explain("tmux", &exec::ExecError::Io(error)))?;
        Ok(Self { target, shared, _client: client })
    }

    /// Which pane is being viewed.
    #[must_use]
    pub fn pane(&self) -> PaneKey {
        self.target.key()
    }

    /// Where it looks.
    #[must_use]
    pub(super) fn target(&self) -> &PaneTarget {
        &self.target
    }

    /// Makes the next look take its screen, whether it moved or not: somebody looks at it anew.
    pub(super) fn begin_again(&self) {
        self.shared.moved.store(true, Ordering::Release);
    }

    /// Whether something was drawn since the last [`Self::screen`].
    #[must_use]
    pub fn moved(&self) -> bool {
        self.shared.moved.load(Ordering::Acquire)
    }

    /// Whether the client is gone: the session ended, or the server did.
    #[must_use]
    pub fn ended(&self) -> bool {
        self.shared.ended.load(Ordering::Acquire)
    }

    /// The pane's cells as they are now; `None` until the client has drawn.
    #[must_use]
    pub fn screen(&self) -> Option<PaneScreen> {
        // Before the copy: what is parsed meanwhile counts as moved again.
        self.shared.moved.store(false, Ordering::Release);
        if !self.shared.drawn.load(Ordering::Acquire) {
            return None;
        }
        let status = if self.target.status_on_top { self.target.status_rows } else { 0 };
        let region = Region { left: self.target.left, top: self.target.top + status, size: self.target.size };
        Some(cells::copy(self.shared.parser().screen(), region))
    }
}

impl Shared {
    fn parser(&self) -> MutexGuard<'_, vt100::Parser> {
        // The parser is replaced after a panic, so a poisoned lock holds a whole one.
        self.parser.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read_all(&self, reader: &mut dyn Read) {
        let mut buffer = vec![0; READ_BYTES];
        let mut is_first = true;
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(length) => {
                    let said = &buffer[..length];
                    self.process(if std::mem::take(&mut is_first) { cells::on_one_screen(said) } else { said });
                }
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                // EIO is how a terminal says that its program is gone.
                Err(_) => break,
            }
        }
        self.ended.store(true, Ordering::Release);
        self.wake.notify_one();
    }

    fn process(&self, bytes: &[u8]) {
        let mut parser = self.parser();
        cells::process(&mut parser, bytes);
        // Whoever is woken wants the lock.
        drop(parser);
        // Before `moved`, so that whoever is woken by it finds a screen.
        self.drawn.store(true, Ordering::Release);
        // Until somebody has looked, one wake is enough for all that comes.
        if !self.moved.swap(true, Ordering::AcqRel) {
            self.wake.notify_one();
        }
    }
}
