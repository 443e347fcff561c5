//! The dashboard's whole state, with a module for what each view and each popup holds. Only `update` changes it, and the
//! keys and steps of `screens`.

pub mod activity;
pub mod answer;
pub mod board;
pub mod confirm;
pub mod copy;
pub mod diff;
pub mod escalations;
pub mod event;
pub mod explain;
pub mod fleet;
pub mod form;
pub mod goals;
pub mod help;
pub mod input_history;
pub mod lost;
pub mod marks;
pub mod menu;
pub mod org;
pub mod output;
pub mod palette;
pub mod prompt;
pub mod question;
pub mod running;
pub mod screen;
pub mod settings;
pub mod sheet;
pub mod text_input;
pub mod together;
pub mod wall;
pub mod watch;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use self::activity::ActivityState;
use self::board::BoardState;
use self::diff::DiffState;
use self::fleet::{FactsPanel, FilterLine};
use self::goals::GoalsState;
use self::input_history::InputHistory;
use self::marks::Mark;
use self::org::OrgState;
use self::output::Output;
use self::running::Running;
use self::screen::{Overlay, Screen};
use self::together::Together;
use self::wall::WallState;
use self::watch::Scrollback;
use super::claims;
use super::notices::Notices;
use super::order;
use super::settings::Settings;
use crate::app::action::dispatch::{OnScreen, RequestId, Sent};
use crate::app::action::keymap::{Keymap, Standing};
use crate::app::action::registry::Door;
use crate::backlog::model::{CardId, Column, owner_words};
use crate::fleet::model::{AgentRow, FleetSnapshot, Label, PaneScreen, PaneTarget, Readiness, RowKey, Size};
use crate::ui::columns::{By, Widest};

/// How long a message stays at the bottom.
const TOAST_SECONDS: i64 = 4;

/// A short message at the bottom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toast {
    /// What it says.
    pub text: String,
    /// Whether it tells of a failure.
    pub failed: bool,
    /// When it goes.
    pub until: Timestamp,
    /// The request of which it says how far it is: it goes with the answer.
    pub of: Option<RequestId>,
}

/// The pane in view.
#[derive(Debug, Clone, Default)]
pub struct PaneView {
    /// What the runtime was asked to show.
    pub target: Option<PaneTarget>,
    /// Its newest picture.
    pub screen: Option<Arc<PaneScreen>>,
    /// Why there is no picture.
    pub lost: Option<String>,
    /// Where the cut-out begins; `None` follows the cursor.
    pub pan: Option<(u16, u16)>,
    /// The scrollback, while it is looked at.
    pub history: Option<Scrollback>,
}

/// Everything that the dashboard knows.
#[derive(Debug, Clone)]
pub struct State {
    /// Newest snapshot as the observer published it.
    pub observed: Option<Arc<FleetSnapshot>>,
    /// The same with the claims of the backlog; `None` before the first.
    pub snapshot: Option<Arc<FleetSnapshot>>,
    /// Which view.
    pub screen: Screen,
    /// Views below the present one; Esc goes back to the last of them.
    pub back: Vec<Screen>,
    /// The wall.
    pub wall: WallState,
    /// The backlog.
    pub board: BoardState,
    /// The goals.
    pub goals: GoalsState,
    /// What happened.
    pub activity: ActivityState,
    /// What differs in an agent's work tree.
    pub diff: DiffState,
    /// The chart of seats.
    pub org: OrgState,
    /// What panes printed lately.
    pub output: Output,
    /// The selected row.
    pub selected: Option<RowKey>,
    /// Whether the operator has pressed or clicked anything yet. Until then whoever needs somebody most is selected.
    pub touched: bool,
    /// When that became another row, until the key behind the first one.
    pub rose: Option<Timestamp>,
    /// Name asked for on the command line, until a row of that name is there.
    pub wanted: Option<Label>,
    /// Rows that are marked: what ends or tells something goes to all of them.
    pub batch: HashSet<RowKey>,
    /// First row shown of the list.
    pub list_top: usize,
    /// Which of its columns it stands in the order of.
    pub order: By,
    /// The filter.
    pub filter: FilterLine,
    /// The facts of the selected agent.
    pub facts: FactsPanel,
    /// The popup.
    pub overlay: Option<Overlay>,
    /// The pane.
    pub pane: PaneView,
    /// Readiness of each agent when it was last looked at.
    pub seen: HashMap<RowKey, Readiness>,
    /// Answers, and what was refused, that wait until the operator has closed what is open, the oldest first.
    pub answers: VecDeque<Overlay>,
    /// Requests that are performed.
    pub running: Vec<Running>,
    /// Those of them that are one change to several.
    pub together: Vec<Together>,
    /// Requests that were made so far.
    pub requests: u64,
    /// The door that requests come through just now.
    pub door: Door,
    /// What is to be done on this screen behind the key that asked for it; empty between events.
    pub(in crate::app::tui) steps: VecDeque<OnScreen>,
    /// Key presses for which a request to leave counts as said with what runs in mind.
    pub leaving: u8,
    /// What was left while its answer was on its way, in the order it was sent: what is typed in it comes back if it
    /// is refused.
    pub detached: Vec<Overlay>,
    /// The message at the bottom.
    pub toast: Option<Toast>,
    /// Size of the terminal.
    pub size: Size,
    /// The time, as of the last tick.
    pub now: Timestamp,
    /// Where the operator's clock stands.
    pub zone: TimeZone,
    /// How wide the agents' columns have been on a terminal of this size: they grow, and never jump back.
    pub widest: Widest,
    /// Whether leaving Watch leaves the program: it was started for that view only.
    pub watch_only: bool,
    /// Whether a demo runs below.
    pub demo: bool,
    /// The marked entry that the newest frame showed.
    pub marked: Option<Mark>,
    /// Whether what is open came by itself, and no frame showed it yet.
    pub came: bool,
    /// Whether what keys act on became another since the last frame, by what came from outside.
    pub shifted: bool,
    /// What was run from the palette.
    pub commands: InputHistory,
    /// Texts that were written to agents.
    pub messages: InputHistory,
    /// What stands in front of a shown command so that another shell means the same fleet.
    pub prefix: String,
    /// Who began to need the operator, and who is put off.
    pub notices: Notices,
    /// What the operator set.
    pub settings: Arc<Settings>,
    /// What each key means.
    pub keys: Arc<Keymap>,
    /// Where the file of settings is wrong, while what was set before holds on.
    pub settings_lost: Option<String>,
    /// The file of settings.
    pub settings_file: String,
}

impl State {
    /// The state before anything is known.
    #[must_use]
    pub fn new(size: Size, now: Timestamp) -> Self {
        Self {
            observed: None,
            snapshot: None,
            screen: Screen::Fleet,
            back: Vec::new(),
            wall: WallState::default(),
            board: BoardState::default(),
            goals: GoalsState::default(),
            activity: ActivityState::default(),
            diff: DiffState::default(),
            org: OrgState::default(),
            output: Output::default(),
            selected: None,
            touched: false,
            rose: None,
            wanted: None,
            batch: HashSet::new(),
            list_top: 0,
            order: By::default(),
            filter: FilterLine::default(),
            facts: FactsPanel::default(),
            overlay: None,
            pane: PaneView::default(),
            seen: HashMap::new(),
            answers: VecDeque::new(),
            running: Vec::new(),
            together: Vec::new(),
            requests: 0,
            door: Door::Key,
            steps: VecDeque::new(),
            leaving: 0,
            detached: Vec::new(),
            toast: None,
            size,
            now,
            zone: TimeZone::UTC,
            widest: Widest::default(),
            watch_only: false,
            demo: false,
            marked: None,
            came: false,
            shifted: false,
            commands: InputHistory::default(),
            messages: InputHistory::default(),
            prefix: String::new(),
            notices: Notices::default(),
            settings: Arc::default(),
            keys: Arc::default(),
            settings_lost: None,
            settings_file: String::new(),
        }
    }

    /// Whether nothing is changed from here.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.keys.is_read_only()
    }

    /// Where a key is pressed, and on what.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let state = match self.screen {
            Screen::Activity | Screen::Goals => None,
            Screen::Card => self.board.shown().map(|shown| shown.card.column()).map(Column::word),
            Screen::Board => self.board.selected().map(|_| self.board.column.word()),
            Screen::Fleet | Screen::Wall | Screen::Watch | Screen::Diff | Screen::Org => {
                self.selected_row().map(|row| row.readiness.word())
            }
        };
        Standing { place: self.screen.place(), view: self.screen.word(), state }
    }

    /// A request of its own, also beside one with the same words.
    pub(in crate::app) fn request(&mut self, command: String) -> Sent {
        // Counted and not taken from the words: the same command can be on its way twice, and each
        // has its own answer.
        self.requests += 1;
        Sent { id: RequestId(self.requests), command, door: self.door }
    }

    /// Rows that pass the filter: in the order of the list, in other views in that of attention.
    #[must_use]
    pub fn rows(&self) -> Vec<Arc<AgentRow>> {
        let all = self.snapshot.iter().flat_map(|snapshot| &snapshot.agents);
        let mut rows: Vec<Arc<AgentRow>> = all.filter(|row| self.filter.filter.accepts(row)).cloned().collect();
        if self.screen == Screen::Fleet {
            order::sort(&mut rows, self.order);
        }
        rows
    }

    /// Names of the marked agents that the list shows, in its order. A view that shows no marks has none.
    #[must_use]
    pub fn batch_names(&self) -> Vec<String> {
        // What acts on several must show which: elsewhere a forgotten mark would end agents
        // that nobody thinks of.
        if self.batch.is_empty() || !matches!(self.screen, Screen::Fleet | Screen::Wall) {
            return Vec::new();
        }
        let marked = |row: &&Arc<AgentRow>| row.managed && self.batch.contains(&row.key);
        self.rows().iter().filter(marked).map(|row| row.name.to_string()).collect()
    }

    /// The selected row, even when the filter hides it.
    #[must_use]
    pub fn selected_row(&self) -> Option<&Arc<AgentRow>> {
        let key = self.selected.as_ref()?;
        self.snapshot.as_ref()?.agents.iter().find(|row| row.key == *key)
    }

    /// Time since the newest snapshot, as of the last tick.
    #[must_use]
    pub fn data_age(&self) -> Option<std::time::Duration> {
        self.now.duration_since(self.snapshot.as_ref()?.observed_at).try_into().ok()
    }

    /// Whether something lies over the base view.
    #[must_use]
    pub fn has_layers(&self) -> bool {
        self.overlay.is_some()
            || self.pane.history.is_some()
            || (!self.batch.is_empty() && matches!(self.screen, Screen::Fleet | Screen::Wall))
            || (!self.board.batch.is_empty() && self.screen == Screen::Board)
            || (self.screen == Screen::Watch && !self.watch_only)
            || (self.screen == Screen::Fleet && (!self.back.is_empty() || self.facts.open))
            || matches!(self.screen, Screen::Card | Screen::Diff | Screen::Goals)
            || (self.screen == Screen::Activity && (self.activity.plots || self.activity.at.is_some()))
            || self.is_filtered()
    }

    /// The line that narrows the view, where it has one: whether keys go into it, and what it holds.
    fn filter_line(&self) -> Option<(bool, &str)> {
        match self.screen {
            Screen::Fleet | Screen::Wall | Screen::Org => Some((self.filter.editing, &self.filter.text)),
            Screen::Board => Some((self.board.filtering, &self.board.filter.text)),
            Screen::Activity => Some((self.activity.filtering, &self.activity.filter.text)),
            Screen::Diff => Some((self.diff.searching, &self.diff.search.text)),
            Screen::Watch | Screen::Card | Screen::Goals => None,
        }
    }

    /// Says something at the bottom, for a moment.
    pub(in crate::app::tui) fn say(&mut self, text: String, failed: bool) {
        let until = self.now.checked_add(TOAST_SECONDS.seconds()).unwrap_or(self.now);
        self.toast = Some(Toast { text, failed, until, of: None });
    }

    /// Says how far a request is.
    pub(in crate::app::tui) fn say_of(&mut self, id: RequestId, text: String) {
        self.say(text, false);
        self.toast.iter_mut().for_each(|toast| toast.of = Some(id));
    }

    /// Takes away what was said of these requests while they ran. What is about anything else stays to be read.
    pub(in crate::app::tui) fn unsay(&mut self, ids: &[RequestId]) {
        self.toast.take_if(|toast| toast.of.is_some_and(|of| ids.contains(&of)));
    }

    /// What is selected is being looked at.
    pub(in crate::app::tui) fn mark_seen(&mut self) {
        // What selected itself has not been looked at.
        if !self.touched || !self.screen.is_of_agents() {
            return;
        }
        if let Some((key, readiness)) = self.selected_row().map(|row| (row.key, row.readiness)) {
            self.seen.insert(key, readiness);
        }
    }

    /// An agent that was looked at and still waits is marked as if nobody had looked.
    pub(in crate::app::tui) fn keep_unread(&mut self, key: RowKey) {
        let mut rows = self.snapshot.iter().flat_map(|snapshot| &snapshot.agents);
        let now = rows.find(|row| row.key == key).map(|row| row.readiness);
        // Another state than the one that it is in.
        let before = if now == Some(Readiness::Working) { Readiness::Available } else { Readiness::Working };
        self.seen.insert(key, before);
    }

    /// Whether a filter narrows the view, or is being typed.
    #[must_use]
    pub fn is_filtered(&self) -> bool {
        self.filter_line().is_some_and(|(open, text)| open || !text.is_empty())
    }

    /// Whether keys go into a filter.
    #[must_use]
    pub fn is_filtering(&self) -> bool {
        self.filter_line().is_some_and(|(open, _)| open)
    }

    /// Shows another view over the present one.
    pub(in crate::app) fn open(&mut self, screen: Screen) {
        if self.screen != screen {
            self.back.push(self.screen);
            self.screen = screen;
        }
    }

    /// The row of an agent of that name.
    #[must_use]
    pub fn row_named(&self, name: &str) -> Option<&Arc<AgentRow>> {
        self.snapshot.as_ref()?.agents.iter().find(|row| row.managed && row.name.as_str() == name)
    }

    /// The row of the agent that holds a claim, by the claim's owner and host.
    #[must_use]
    pub fn row_of_owner(&self, claim: (&str, &str)) -> Option<&Arc<AgentRow>> {
        let snapshot = self.snapshot.as_ref()?;
        snapshot.agents.iter().find(|row| claims::is_owner(row, claim, &snapshot.host))
    }

    /// The owner of a claim in words, with the host where that is another one.
    #[must_use]
    pub fn owner_words(&self, (owner, host): (&str, &str)) -> String {
        // Before the first look at the fleet nobody knows which host this is.
        let here = self.snapshot.as_ref().map_or(host, |snapshot| &snapshot.host);
        owner_words(owner, host, here)
    }

    /// The card that keys act on: the one that is shown in full, else the selected one.
    #[must_use]
    pub fn card_in_hand(&self) -> Option<CardId> {
        match self.screen {
            Screen::Card => self.board.wanted,
            Screen::Activity | Screen::Diff | Screen::Goals => None,
            Screen::Board | Screen::Fleet | Screen::Wall | Screen::Watch | Screen::Org => {
                self.board.selected().map(|card| card.id)
            }
        }
    }

    /// The marked cards that keys act on. A view that shows no marks has none.
    #[must_use]
    pub fn marked_cards(&self) -> &[CardId] {
        if self.screen == Screen::Board { &self.board.batch } else { &[] }
    }

    /// Notes that these requests are one change to several: the last one, which one key takes back.
    pub fn begin_together(&mut self, requests: Vec<RequestId>) {
        self.board.undo.clear();
        self.board.retries = false;
        self.together.push(Together::of(requests, true));
    }

    /// Who holds a card, in words.
    #[must_use]
    pub fn owner_of(&self, id: &CardId) -> Option<String> {
        let in_full = self.board.shown().filter(|shown| self.screen == Screen::Card && shown.card.id == *id);
        let (owner, host) = match in_full {
            Some(shown) => shown.card.claim.as_ref().map(|claim| (&*claim.owner, &*claim.host))?,
            None => {
                let mut held = self.board.board.iter().flat_map(|board| &board.claims);
                held.find(|held| held.id == *id).map(|held| (&*held.claim.owner, &*held.claim.host))?
            }
        };
        Some(self.owner_words((owner, host)))
    }

    /// Who holds the card that keys act on, and on which host.
    #[must_use]
    pub fn owner_in_hand(&self) -> Option<(&str, &str)> {
        match self.screen {
            Screen::Card => self.board.shown()?.card.claim.as_ref().map(|claim| (&*claim.owner, &*claim.host)),
            _ => self.board.selected()?.claim.as_ref().map(|claim| (&*claim.owner, &*claim.host)),
        }
    }

    /// Name of the selected row, or the one that was asked for.
    #[must_use]
    pub fn selected_name(&self) -> String {
        self.selected_row().map(|row| &row.name).or(self.wanted.as_ref()).map(ToString::to_string).unwrap_or_default()
    }

    /// Whether the row changed since it was last looked at.
    #[must_use]
    pub fn is_unread(&self, row: &AgentRow) -> bool {
        row.managed && self.seen.get(&row.key).is_some_and(|seen| *seen != row.readiness)
    }

    /// Returns whether nothing is told of a row's agent for a while.
    #[must_use]
    pub fn is_snoozed(&self, row: &AgentRow) -> bool {
        row.managed && self.notices.snoozed.contains_key(row.name.as_str())
    }
}
