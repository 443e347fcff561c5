//! The dashboard's loop: events in, frames out, effects performed. All timing is here.

mod asked;
mod hands;
mod pacing;
mod panes;
mod settle;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, MissedTickBehavior};

use self::asked::{Asked, Verdict};
use self::pacing::Pacing;
use self::panes::Panes;
use super::editor;
use super::facts;
use super::history::{Backlog, History};
use super::input::{Keyboard, Typed};
use super::memory;
use super::on_terminal::Ended;
use super::settings;
use super::signals::{Signalled, Signals, hung_up};
use super::takeover;
use super::terminal;
use super::terminal::Screen;
use super::work::{self, Work};
use crate::app::action::error::DONE;
use crate::app::perform::{output, setup};
use crate::app::tui::effect::Effect;
use crate::app::tui::event::{Begin, Event};
use crate::app::tui::memory::Memory;
use crate::app::tui::present::{TURN, present};
use crate::app::tui::settings::Settings;
use crate::app::tui::state::State;
use crate::app::tui::update::update;
use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::home::Site;
use crate::fleet::model::{Label, RowKey};
use crate::fleet::observe::{self, Observer, Request};
use crate::fleet::os::clock::at;
use crate::ui::view::View;

/// The clock in the header, and what fades by itself: where no snapshot comes, which brings the time with it.
const TICK: Duration = Duration::from_secs(1);

/// Results waiting to be taken in; more actions at once are not possible by key.
const DONE_QUEUE: usize = 16;

/// How the dashboard is opened.
#[derive(Debug, Clone, Default)]
pub(in crate::app) struct Options {
    /// Agent to watch, and nothing else.
    pub watch: Option<String>,
    /// Whether a demo runs below.
    pub demo: bool,
}

/// Runs the dashboard until it is left; the exit code.
///
/// # Errors
/// When there is no terminal, or it goes away.
pub(in crate::app) async fn run(site: &Site, options: Options) -> Result<u8> {
    use std::io::IsTerminal;
    if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
        return Err(Failure::new(
            Kind::Invalid,
            "dashboard",
            "standard input and output must be a terminal",
            "use `mosaic-tui --once` without one",
        ));
    }
    let observer = observe::start(site.clone())?;
    let gone = |error: io::Error| Failure::failed("terminal", error.to_string(), "use `mosaic-tui --once` without one");
    let (settings, problems) = settings::load(site)?;
    // Before the terminal is taken: from then on every way out gives it back.
    let signals = Signals::listen().map_err(gone)?;
    let screen = Screen::take(&settings).map_err(gone)?;
    let size = terminal::size().unwrap_or(terminal::UNKNOWN);
    // A command that is copied from here must mean this fleet in any shell.
    let prefix = if options.demo {
        format!("MOSAIC_HOME={} ", crate::plain::shell_quote(&site.home.to_string_lossy()))
    } else if super::paths::site(None, None).is_ok_and(|bare| bare.roster != site.roster) {
        format!("MOSAIC_ROSTER={} ", crate::plain::shell_quote(&site.roster.to_string_lossy()))
    } else {
        String::new()
    };
    let memory = memory::Keeper::open(site);
    let begin = Begin {
        zone: TimeZone::system(),
        demo: options.demo,
        read_only: site.read_only,
        prefix,
        settings: Arc::new(settings.clone()),
        settings_file: settings::path(site).display().to_string(),
        memory: options.watch.is_none().then(|| memory.memory()),
    };
    // Taken once there is somebody to perform what follows from them.
    let mut first = vec![Event::Begin(Box::new(begin))];
    if !problems.is_empty() {
        first.push(Event::Settings(Err(problems)));
    }
    let is_used = options.watch.is_none() && !site.read_only;
    first.extend(options.watch.map(|name| Event::WatchAgent(Label::new(&name))));
    if let Some(offer) = setup::offer(site).filter(|_| is_used) {
        // Whoever opens it without a roster wants a fleet.
        first.push(Event::Offer(Some(Box::new(offer))));
    } else if let Some(seeded) = setup::other_version(site).filter(|_| is_used) {
        first.push(Event::OtherVersion(seeded));
    }
    let (done, mut finished) = mpsc::channel(DONE_QUEUE);
    settings::watch(site, &settings, done.clone()).map_err(gone)?;
    let history = History::start(site, &done).unwrap_or_else(|lost| {
        first.push(Event::ActivityLost(lost));
        History::default()
    });
    let backlog = Backlog::start(site, &done, &history).unwrap_or_else(|lost| {
        first.push(Event::BacklogLost(lost));
        Backlog::default()
    });
    let wake = Arc::new(Notify::new());
    let panes = Panes::new(&observer.links, &wake);
    let mut dashboard = Dashboard {
        site: site.clone(),
        state: State::new(size, Timestamp::now()),
        screen,
        observer,
        backlog,
        history,
        editor: None,
        attach: None,
        work: Work::default(),
        done,
        panes,
        wake,
        dirty: true,
        unseen: false,
        focus: None,
        pressed: false,
        showed_key: false,
        pacing: Pacing::default(),
        asked: Asked::default(),
        memory,
        seen: None,
        clicked: None,
        exit: None,
        last_words: None,
    };
    dashboard.begin(first);
    let code = dashboard.live(&mut finished, signals).await.map_err(gone);
    let Dashboard { screen, last_words, state, mut work, history, memory, .. } = dashboard;
    // First of all: what follows is said in the shell.
    drop(screen);
    let told = history.end(&mut finished);
    if !state.watch_only {
        memory.end(&Memory::of(&state));
    }
    let signalled = !matches!(code, Ok(DONE));
    work::tell_unread(&state.answers);
    let running = state.running.into_iter().map(|running| running.sent).collect();
    let failed = work::finish(&mut work, running, signalled, (told, &mut finished)).await;
    if let Some(text) = last_words {
        output::say(&format!("mosaic-tui: {text}"));
    }
    // Why it was left goes before what failed on the way out.
    code.map(|code| if code == DONE { failed.unwrap_or(DONE) } else { code })
}

struct Dashboard {
    site: Site,
    state: State,
    screen: Screen,
    observer: Observer,
    backlog: Backlog,
    history: History,
    /// What the operator's editor is to be opened on.
    editor: Option<editor::Subject>,
    /// The agent that the operator takes over.
    attach: Option<String>,
    /// What runs.
    work: Work,
    done: mpsc::Sender<Event>,
    /// What is looked at.
    panes: Panes,
    wake: Arc<Notify>,
    dirty: bool,
    /// Whether no frame shows the first snapshot yet: two databases are opened behind that.
    unseen: bool,
    /// Whose facts the observer was told of.
    focus: Option<RowKey>,
    /// Whether a key was taken that no frame shows yet.
    pressed: bool,
    /// Whether the last frame was the first to show one.
    showed_key: bool,
    pacing: Pacing,
    /// Against when the open question is on the screen whole.
    asked: Asked,
    /// What is remembered.
    memory: memory::Keeper,
    /// What the last frame showed: a click means that.
    seen: Option<View>,
    /// Where the mouse was pressed last, and when.
    clicked: Option<((u16, u16), std::time::Instant)>,
    exit: Option<u8>,
    /// Said in the shell once the terminal is its own again.
    last_words: Option<String>,
}

impl Dashboard {
    /// Begins with what is known already.
    fn begin(&mut self, first: Vec<Event>) {
        for event in first {
            self.take(event);
        }
        // It goes out with the first frame: behind what throws away all that has come.
        self.screen.ask_for_ground();
    }

    async fn live(&mut self, finished: &mut mpsc::Receiver<Event>, mut signals: Signals) -> io::Result<u8> {
        let mut keyboard = Keyboard::open()?;
        keyboard.begin();
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let wake = Arc::clone(&self.wake);
        loop {
            if super::crash::happened() {
                return Err(io::Error::other("a part of the program crashed"));
            }
            if let Some(code) = self.exit {
                self.settle(&mut keyboard, false).await;
                return Ok(code);
            }
            if self.editor.is_some() || self.attach.is_some() {
                // What waits was not typed for the program that comes.
                self.settle(&mut keyboard, true).await;
                keyboard.begin();
            }
            if let Some(subject) = self.editor.take() {
                self.edit(subject, &mut signals).await?;
                keyboard.begin_again();
                continue;
            }
            if let Some(name) = self.attach.take() {
                self.hand_over(&name, &mut signals).await?;
                keyboard.begin_again();
                continue;
            }
            self.draw_when_due()?;
            let frame_due = self.frame_due();
            let open_at = self.panes.open_at;
            let turn = self.pacing.last().filter(|_| !self.state.running.is_empty()).map(|last| last + TURN);
            tokio::select! {
                typed = keyboard.next() => match typed {
                    Ok((Typed::Key(key), read)) if self.answers(&key) => self.answer(key, read.into()),
                    Ok((Typed::Key(key), _)) => self.take(Event::Key(key)),
                    Ok((Typed::Paste(text), _)) => self.take(Event::Paste(text)),
                    Ok((Typed::Mouse(mouse), read)) => self.mouse(mouse, read),
                    Ok((Typed::Stalled, _)) => self.take(Event::PasteStalled),
                    Ok((Typed::Ground { light }, _)) => self.dirty |= self.screen.stands_on(light),
                    Ok((Typed::Well, _)) => self.screen.answered(),
                    // The terminal is gone without a signal: the same as a hang-up.
                    Err(_) => self.exit = Some(hung_up()),
                },
                changed = self.observer.snapshots.changed() => {
                    if changed.is_err() {
                        return Err(io::Error::other("the observer ended"));
                    }
                    let newest = self.observer.snapshots.borrow_and_update().clone();
                    if let Some(snapshot) = newest {
                        if self.state.snapshot.is_none() {
                            // The frame before showed nothing yet; this one need not wait for its turn.
                            self.pacing.forget();
                            self.unseen = true;
                        }
                        if !self.unseen {
                            self.history.observe(&snapshot);
                        }
                        // One frame for both.
                        self.pacing.told(Instant::now());
                        self.take(Event::Tick(Timestamp::now()));
                        self.take(Event::Snapshot(snapshot));
                        self.after_snapshot();
                    }
                }
                // What moved is taken in at the frame, however often it did until then.
                () = wake.notified() => self.dirty = true,
                Some(event) = finished.recv() => {
                    if matches!(event, Event::Done { .. }) {
                        // What was just done should show before its message fades.
                        self.refresh();
                        self.backlog.refresh();
                    }
                    self.take(event);
                }
                _ = tick.tick() => {
                    if self.pacing.is_untold(Instant::now()) {
                        self.take(Event::Tick(Timestamp::now()));
                    }
                    self.memory.keep(Memory::of(&self.state));
                }
                written = self.screen.written() => match written {
                    // It tells of the frame before.
                    Ok(()) if self.screen.is_writing() => {}
                    Ok(()) => self.shown(),
                    Err(_) => self.exit = Some(hung_up()),
                },
                () = at(frame_due) => {}
                // What runs turns; nothing else does.
                () = at(turn) => self.take(Event::Tick(Timestamp::now())),
                () = at(open_at) => self.open_view(),
                signalled = signals.next() => match signalled {
                    Signalled::End(_) | Signalled::Interrupt => self.exit = Some(signalled.code()),
                    Signalled::Resized => self.measure(),
                    Signalled::Stop => {
                        self.settle(&mut keyboard, false).await;
                        self.suspend(&mut signals).await?;
                        keyboard.begin_again();
                    }
                    // It was stopped where nothing could be given back (SIGSTOP), and a shell had the terminal.
                    Signalled::Continued => {
                        self.screen.take_again()?;
                        self.look_again();
                        keyboard.begin_again();
                    }
                },
            }
        }
    }

    /// Takes the terminal again, as it is now.
    fn come_back(&mut self) -> io::Result<()> {
        self.screen.resume()?;
        self.look_again();
        Ok(())
    }

    /// Notices what changed while nothing was drawn.
    fn look_again(&mut self) {
        self.measure();
        self.refresh();
    }

    fn measure(&mut self) {
        if let Some(size) = terminal::size() {
            self.take(Event::Resize(size));
        }
    }

    fn take(&mut self, event: Event) {
        self.pressed |= matches!(event, Event::Key(_));
        let by_hand = matches!(event, Event::Key(_) | Event::Click(_));
        let effects = update(&mut self.state, event);
        self.tell_focus();
        self.dirty = true;
        for effect in effects {
            self.perform(effect);
        }
        // Who closed the question himself knows that it was not answered.
        if self.asked.forget(self.state.may_answer()) && !by_hand {
            self.take(Event::Told { text: self.state.too_soon().to_owned(), failed: true });
        }
    }

    /// Says whose facts are looked at: what costs a process is read of that agent first.
    fn tell_focus(&mut self) {
        let looked_at = self.state.selected;
        // A full queue says it again with the next event.
        if looked_at != self.focus && self.observer.requests.try_send(Request::Focus(looked_at)).is_ok() {
            self.focus = looked_at;
        }
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Quit => self.exit = Some(DONE),
            Effect::Redraw => self.screen.clear(),
            Effect::Suspend => {
                // The signal handler does the rest, as for a stop that comes from outside.
                let _cannot_fail =
                    rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TSTP);
            }
            Effect::View(wanted) => self.view(wanted),
            Effect::Wall(tiles) => self.look_at(tiles),
            Effect::Backlog(request) => self.backlog.ask(request),
            Effect::Activity(ask) => self.history.ask(ask),
            Effect::Editor(card) => self.editor = Some(editor::Subject::Card(card)),
            Effect::EditPersona(class) => self.editor = Some(editor::Subject::Persona(class)),
            Effect::ReadOffer => facts::read_offer(&self.site, &self.done),
            Effect::ReadLaunch(name) => facts::read_launch(&self.site, name, &self.done),
            Effect::ReadPersona(name) => facts::read_persona(&self.site, name, &self.done),
            Effect::ReadDiff { name, against, number } => {
                facts::read_diff(&self.site, name, against, number, &self.done);
            }
            Effect::Notify(news) => self.notify(&news),
            Effect::Copy { what, text } => self.copy(&what, &text),
            Effect::Settings(settings) => {
                self.screen.wear(&settings);
                self.judge_by(&settings);
            }
            Effect::Attach(name) => self.attach = Some(name),
            Effect::History { pane, width } => self.fetch_history(pane, width),
            Effect::Run { sent, request } => {
                let width = usize::from(self.state.size.width);
                self.work.begin(self.site.clone(), width, (sent, request), self.done.clone());
                self.refresh();
            }
        }
    }

    fn judge_by(&self, settings: &Settings) {
        let asked = Request::Judge { thresholds: settings.thresholds, every: settings.refresh };
        if let Err(error) = self.observer.requests.try_send(asked) {
            tracing::warn!("the observer was not told of new settings: {error}");
        }
    }

    fn refresh(&self) {
        // A full queue means that a look is due anyway.
        let _queued = self.observer.requests.try_send(Request::Refresh);
    }

    fn frame_due(&self) -> Option<Instant> {
        // A terminal that takes nothing gets no more; what it shows then is the present.
        // Keys that come faster than frames share one.
        let of_key = self.pressed && !self.showed_key;
        (self.dirty && !self.screen.is_writing()).then(|| {
            let due = self.pacing.due(of_key).unwrap_or_else(Instant::now);
            due.max(self.screen.free_at(self.pressed).into())
        })
    }

    fn draw_when_due(&mut self) -> io::Result<()> {
        if self.frame_due().is_none_or(|due| due > Instant::now()) {
            return Ok(());
        }
        // The frame before is on the screen, also where the word of that is still to come: what it asked was seen then, and
        // not with this one.
        self.shown();
        // What a key did goes ahead of what panes print, where the link has not room for both.
        let later = self.pressed && self.screen.is_tight();
        if !later {
            self.take_pictures();
        }
        #[cfg(debug_assertions)]
        self.fault()?;
        let view = present(&self.state);
        let answered = self.state.may_answer();
        let asks = self.state.overlay.is_some() && !answered;
        let same = self.seen.as_ref() == Some(&view);
        let drawn = self.screen.draw(&view, same, asks);
        self.seen = Some(view);
        self.dirty = later;
        self.showed_key = std::mem::take(&mut self.pressed);
        self.pacing.drawn(Instant::now());
        if let (true, Some(snapshot)) = (std::mem::take(&mut self.unseen), &self.state.snapshot) {
            self.history.observe(snapshot);
            self.backlog.begin();
        }
        for effect in update(&mut self.state, Event::Drawn(drawn)) {
            self.perform(effect);
        }
        if !answered {
            self.asked.anew();
        }
        Ok(())
    }

    /// Whether a key may be the answer to an open question, or take the marked entry of a list. Esc and Ctrl-C answer
    /// everything, at any time.
    fn answers(&self, key: &KeyEvent) -> bool {
        // The other keys of a list only move its mark; they stay behind an Enter that waits.
        let decides = self.state.mark().is_none() || key.code == KeyCode::Enter || self.asked.holds_keys();
        let leaves = key.code == KeyCode::Esc || key.modifiers.contains(KeyModifiers::CONTROL);
        self.state.may_answer() && decides && !leaves
    }

    /// Takes an answer, unless it was pressed before there was anything to answer. One that comes while the question is
    /// being written waits for the word that it was.
    fn answer(&mut self, key: KeyEvent, read: Instant) {
        match self.asked.judge(key, read) {
            Verdict::Answers => self.take(Event::Key(key)),
            Verdict::Waits => {}
            Verdict::TooSoon => {
                self.take(Event::Told { text: self.state.too_soon().to_owned(), failed: true });
            }
        }
    }

    /// Notes that the newest frame is on the screen, and takes the keys that waited for that.
    fn shown(&mut self) {
        let Some(at) = self.screen.shown_at() else { return };
        for (key, read) in self.asked.shown(at.into()) {
            if self.answers(&key) {
                self.answer(key, read);
            } else {
                // The question was answered by one before it.
                self.take(Event::Key(key));
            }
        }
    }

    /// Faults that no test can provoke for real, in debug builds only.
    #[cfg(debug_assertions)]
    fn fault(&self) -> io::Result<()> {
        match std::env::var("MOSAIC_DEBUG_FAULT").as_deref() {
            Ok("panic") if self.state.snapshot.is_some() => panic!("asked for by MOSAIC_DEBUG_FAULT"),
            Ok("error") if self.state.snapshot.is_some() => Err(io::Error::other("asked for by MOSAIC_DEBUG_FAULT")),
            _ => Ok(()),
        }
    }

    /// Lends the terminal to the operator's editor, and takes in what it leaves.
    async fn edit(&mut self, subject: editor::Subject, signals: &mut Signals) -> io::Result<()> {
        self.screen.leave();
        let event = match editor::on(&self.site, subject, signals).await {
            Ended::With(event) => event,
            Ended::Told(signalled, why) => {
                self.exit = Some(signalled.code());
                self.last_words = why;
                return Ok(());
            }
        };
        self.come_back()?;
        self.take(event);
        Ok(())
    }

    /// Steps aside for an agent's pane, and comes back as it was.
    async fn hand_over(&mut self, name: &str, signals: &mut Signals) -> io::Result<()> {
        // A view of the same pane would only cost.
        self.panes.pool.clear();
        self.screen.leave();
        let report = match takeover::run(&self.site, name, signals).await {
            Ended::With(report) => report,
            Ended::Told(signalled, _) => {
                self.exit = Some(signalled.code());
                return Ok(());
            }
        };
        self.come_back()?;
        self.panes.open_at = self.panes.wanted.as_ref().map(|_| Instant::now());
        self.take(Event::Returned { command: format!("mosaic-tui agent attach {name}"), report });
        Ok(())
    }

    /// Gives the terminal back, stops, and takes it over again when continued.
    async fn suspend(&mut self, signals: &mut Signals) -> io::Result<()> {
        self.screen.leave();
        // The whole group: a wrapper script that started us must stop as well, or no shell comes back.
        crate::fleet::os::exec::stop_group()?;
        signals.continued().await;
        self.come_back()
    }
}
