//! A program in a pseudo-terminal, and what its screen shows.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use super::LIMIT;
use super::link::Link;

/// A running program with its screen.
pub(crate) struct Pty {
    master: Box<dyn MasterPty + Send>,
    writer: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    shared: Arc<Shared>,
    /// Bytes that are on their way through a link.
    waiting: Arc<AtomicUsize>,
}

/// What takes the bytes that a program writes.
type Take = Box<dyn FnMut(&[u8]) + Send>;

struct Shared {
    state: Mutex<Output>,
    moved: Condvar,
}

impl Shared {
    /// What is known of the screen; a test that failed while it looked must still be able to end the program.
    fn state(&self) -> MutexGuard<'_, Output> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Output {
    parser: vt100::Parser,
    raw: Vec<u8>,
    /// Whether the program is within a synchronized update: what a terminal shows then is still the frame before it.
    within: bool,
    ended: bool,
    /// Whether the terminal takes nothing for now.
    stalled: bool,
}

impl Output {
    fn take(&mut self, bytes: &[u8]) {
        const BEGINS: &[u8] = b"\x1b[?2026h";
        const ENDS: &[u8] = b"\x1b[?2026l";
        self.parser.process(bytes);
        // A mark may have come in pieces.
        let from = self.raw.len().saturating_sub(BEGINS.len() - 1);
        self.raw.extend_from_slice(bytes);
        let mut marks = self.raw[from..].windows(BEGINS.len()).filter(|mark| *mark == BEGINS || *mark == ENDS);
        if let Some(last) = marks.next_back() {
            self.within = last == BEGINS;
        }
    }

    /// Whether the screen is one that somebody could see.
    fn is_whole(&self) -> bool {
        !self.within || self.ended || self.stalled
    }
}

impl Pty {
    pub(crate) fn spawn(
        program: &str,
        args: &[&str],
        env: &[(String, String)],
        folder: &Path,
        width: u16,
        height: u16,
    ) -> Self {
        Self::spawn_behind(Link::default(), program, args, env, folder, width, height)
    }

    /// The same with a link between the program and its terminal.
    pub(crate) fn spawn_behind(
        link: Link,
        program: &str,
        args: &[&str],
        env: &[(String, String)],
        folder: &Path,
        width: u16,
        height: u16,
    ) -> Self {
        let pair = native_pty_system()
            .openpty(PtySize { rows: height, cols: width, pixel_width: 0, pixel_height: 0 })
            .unwrap();
        let mut command = CommandBuilder::new(program);
        command.args(args);
        command.cwd(folder);
        command.env_clear();
        for (name, value) in env {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let mut writer = pair.master.take_writer().unwrap();
        let rows = std::num::NonZeroU16::new(height).unwrap();
        let columns = std::num::NonZeroU16::new(width).unwrap();
        let shared = Arc::new(Shared {
            state: Mutex::new(Output {
                parser: vt100::Parser::new(rows, columns, 0),
                raw: Vec::new(),
                within: false,
                ended: false,
                stalled: false,
            }),
            moved: Condvar::new(),
        });
        let sink = Arc::clone(&shared);
        let show = move |bytes: &[u8]| {
            let mut state = sink.state();
            if bytes.is_empty() {
                state.ended = true;
            } else {
                state.take(bytes);
            }
            drop(state);
            sink.moved.notify_all();
        };
        let waiting = Arc::new(AtomicUsize::new(0));
        let mut take: Take = if link.is_there() {
            let up = link.up(writer);
            writer = Box::new(up.clone());
            let mut down = link.down(up, Arc::clone(&waiting), show);
            let waiting = Arc::clone(&waiting);
            Box::new(move |bytes| {
                waiting.fetch_add(bytes.len(), Ordering::SeqCst);
                down.send(bytes);
            })
        } else {
            Box::new(show)
        };
        let sink = Arc::clone(&shared);
        std::thread::spawn(move || {
            let mut buffer = [0; 65536];
            loop {
                let mut state = sink.state();
                while state.stalled {
                    state = sink.moved.wait(state).unwrap();
                }
                drop(state);
                let length = reader.read(&mut buffer).unwrap_or(0);
                take(&buffer[..length]);
                if length == 0 {
                    return;
                }
            }
        });
        Self { master: pair.master, writer, child, shared, waiting }
    }

    /// The state with a whole frame on its screen, or what there is of one that never ends.
    fn whole(&self) -> MutexGuard<'_, Output> {
        let state = self.shared.state();
        let waited = self.shared.moved.wait_timeout_while(state, LIMIT, |state| !state.is_whole());
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// What the screen shows.
    pub(crate) fn screen(&self) -> String {
        self.whole().parser.screen().contents()
    }

    /// What a look at the screen's cells says.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&vt100::Screen) -> T) -> T {
        look(self.whole().parser.screen())
    }

    /// Every byte that the program wrote.
    pub(crate) fn raw(&self) -> Vec<u8> {
        self.shared.state().raw.clone()
    }

    /// How many bytes came to the terminal so far.
    pub(crate) fn shown(&self) -> usize {
        self.shared.state().raw.len()
    }

    /// Whether the program is on the alternate screen, and whether it hides the cursor.
    pub(crate) fn modes(&self) -> (bool, bool) {
        let state = self.shared.state();
        let screen = state.parser.screen();
        (screen.alternate_screen(), screen.hide_cursor())
    }

    /// Types.
    pub(crate) fn send(&mut self, keys: &str) {
        self.send_bytes(keys.as_bytes());
    }

    /// Writes bytes as they are.
    pub(crate) fn send_bytes(&mut self, bytes: &[u8]) {
        self.writer.write_all(bytes).unwrap();
        self.writer.flush().unwrap();
    }

    /// Takes nothing that the program writes, as a link does that stalls, or takes it again.
    pub(crate) fn stall(&self, stalled: bool) {
        self.shared.state().stalled = stalled;
        self.shared.moved.notify_all();
    }

    /// Makes the terminal non-blocking for all that share it with the program, as other programs leave it behind.
    pub(crate) fn make_non_blocking(&self) {
        use rustix::process::{Pid, PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};
        let pid = Pid::from_raw(self.pid().cast_signed()).unwrap();
        let program = pidfd_open(pid, PidfdFlags::empty()).unwrap();
        let out = pidfd_getfd(program, 1, PidfdGetfdFlags::empty()).unwrap();
        rustix::fs::fcntl_setfl(&out, rustix::fs::fcntl_getfl(&out).unwrap() | rustix::fs::OFlags::NONBLOCK).unwrap();
    }

    /// How many bytes the program wrote that did not come out of the link yet.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::SeqCst)
    }

    /// How often keys are asked to be told by their codes, on the normal screen and on the alternate one, each of which a terminal
    /// keeps a stack for.
    pub(crate) fn codes(&self) -> [usize; 2] {
        let raw = String::from_utf8_lossy(&self.raw()).into_owned();
        let (mut depths, mut screen) = ([0; 2], 0);
        for (at, _) in raw.match_indices("\x1b[") {
            let rest = &raw[at + 2..];
            if rest.starts_with("?1049h") {
                screen = 1;
            } else if rest.starts_with("?1049l") {
                screen = 0;
            } else if rest.starts_with(">5u") {
                depths[screen] += 1;
            } else if rest.starts_with("<u") {
                assert!(depths[screen] > 0, "takes back what it did not ask for on screen {screen}");
                depths[screen] -= 1;
            }
        }
        depths
    }

    /// Changes the terminal's size.
    pub(crate) fn resize(&self, width: u16, height: u16) {
        self.master.resize(PtySize { rows: height, cols: width, pixel_width: 0, pixel_height: 0 }).unwrap();
        let rows = std::num::NonZeroU16::new(height).unwrap();
        let columns = std::num::NonZeroU16::new(width).unwrap();
        self.shared.state().parser.set_size(rows, columns);
    }

    /// Waits until the screen is as wanted; a failure prints the last screen.
    #[track_caller]
    pub(crate) fn wait_until(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + LIMIT;
        let mut state = self.shared.state();
        loop {
            let contents = state.parser.screen().contents();
            if state.is_whole() && wanted(&contents) {
                return contents;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "never happened: {what}; the screen:\n{contents}");
            assert!(!state.ended, "the program ended before: {what}; the screen:\n{contents}");
            state = self.shared.moved.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Closes a popup with Esc, and waits until nothing of it is to be seen.
    pub(crate) fn close(&mut self, what_it_shows: &str) {
        self.send("\x1b");
        self.wait_until("closed", |text| !text.contains(what_it_shows));
    }

    /// Waits until the screen shows a text.
    #[track_caller]
    pub(crate) fn wait_text(&self, text: &str) -> String {
        self.wait_until(text, |screen| screen.contains(text))
    }

    /// The program's pid.
    pub(crate) fn pid(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    /// The exit code, once it has ended.
    pub(crate) fn exit_code(&mut self) -> Option<u32> {
        self.child.try_wait().unwrap().map(|status| status.exit_code())
    }

    /// Waits for its end; the exit code.
    #[track_caller]
    pub(crate) fn wait_exit(&mut self) -> u32 {
        let deadline = Instant::now() + LIMIT;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                // Its last words may still be on their way.
                let mut state = self.shared.state();
                while !state.ended && Instant::now() < deadline {
                    state = self.shared.moved.wait_timeout(state, std::time::Duration::from_millis(100)).unwrap().0;
                }
                return status.exit_code();
            }
            assert!(Instant::now() < deadline, "does not end; the screen:\n{}", self.screen());
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        self.stall(false);
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}
