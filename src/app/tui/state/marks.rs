//! What of a popup was on the screen before a key takes it: a text that has to be read before it is answered, and the marked
//! entry of a list.

use super::State;
use super::confirm::TOO_SOON;
use super::screen::Overlay;
use crate::app::action::registry::ActionSpec;
use crate::backlog::model::CardId;
use crate::fleet::model::RowKey;

/// What is said of an Enter for an entry that nobody could have seen marked.
pub const UNSEEN: &str = "the marked line was not shown yet; look, and press it again";

/// An entry of a list that Enter takes: which it is, and not where it stands, as the list may change below the finger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    entry: String,
    /// What else it would act on, where that is what is selected below.
    on: (Option<RowKey>, Option<CardId>),
}

impl Mark {
    fn of(entry: String) -> Self {
        Self { entry, on: (None, None) }
    }
}

impl State {
    /// Whether something that was shown waits for an answer that would be taken: a question that was shown whole, or an entry
    /// that was shown marked.
    #[must_use]
    pub fn may_answer(&self) -> bool {
        let Some(open) = &self.overlay else { return false };
        match open {
            Overlay::Confirm(confirm) => confirm.reading.is_whole(),
            Overlay::Question(question) => question.reading.is_whole(),
            // A list is longer than a screen may be: what counts is that the marked entry was seen.
            Overlay::Menu(_) | Overlay::Escalations(_) | Overlay::Palette(_) | Overlay::Copy(_) => self.shows_mark(),
            // These ask for nothing, or look themselves whether what Enter takes was shown.
            Overlay::Help(_)
            | Overlay::Explain(_)
            | Overlay::Event(_)
            | Overlay::Form(_)
            | Overlay::Prompt(_)
            | Overlay::Sheet(_)
            | Overlay::Settings(_)
            | Overlay::Answer(_)
            | Overlay::Running(_) => false,
        }
    }

    /// What is marked in the popup: what Enter would take.
    #[must_use]
    pub fn mark(&self) -> Option<Mark> {
        match self.overlay.as_ref()? {
            // Its entries stay as they were when it was opened.
            Overlay::Menu(menu) => Some(Mark::of(format!("{} {}", menu.title, menu.at))),
            Overlay::Copy(copy) => {
                copy.items.get(copy.at).map(|item| Mark::of(format!("{} of {}", item.what, copy.of)))
            }
            Overlay::Escalations(list) => list.marked.clone().map(Mark::of),
            // A command that is typed whole is meant, whatever is marked below it; but not before what is said of it was read.
            Overlay::Palette(palette) => {
                let is_waited_for = |spec: &&ActionSpec| !palette.is_whole(spec) || palette.notice.is_some();
                let marked = palette.marked(&self.keys).filter(is_waited_for);
                marked.map(|spec| Mark { entry: spec.id.to_owned(), on: palette.on })
            }
            Overlay::Help(_)
            | Overlay::Explain(_)
            | Overlay::Event(_)
            | Overlay::Confirm(_)
            | Overlay::Form(_)
            | Overlay::Prompt(_)
            | Overlay::Question(_)
            | Overlay::Sheet(_)
            | Overlay::Settings(_)
            | Overlay::Answer(_)
            | Overlay::Running(_) => None,
        }
    }

    /// Whether the entry that Enter would take was on the screen.
    #[must_use]
    pub fn shows_mark(&self) -> bool {
        self.marked.is_some() && self.marked == self.mark()
    }

    /// What is said of an answer that came before there was anything to answer.
    #[must_use]
    pub fn too_soon(&self) -> &'static str {
        if self.mark().is_some() { UNSEEN } else { TOO_SOON }
    }
}
