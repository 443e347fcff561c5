//! The table that maps chords to actions: what the registry says, and over it what the operator bound.

mod chord;
mod when;

pub use chord::Chord;
pub use when::{Standing, VIEWS, When};

use std::sync::LazyLock;

use super::ScreenAction;
use super::registry::{ACTIONS, ActionSpec, Key, Palette, Place};

/// Chords that nobody can bind: whatever is open, they lead out of it.
const KEPT: [(&str, &str); 2] = [("ctrl-c", "leaves at once"), ("esc", "closes what is open")];

/// A chord that the operator bound.
#[derive(Debug, Clone)]
pub struct Binding {
    chord: Chord,
    /// `None` where it only frees the chord.
    spec: Option<&'static ActionSpec>,
    when: When,
}

impl PartialEq for Binding {
    fn eq(&self, other: &Self) -> bool {
        self.chord == other.chord && self.words() == other.words()
    }
}

impl Binding {
    /// Reads one: a chord, an action's id or `none`, and a condition.
    ///
    /// # Errors
    /// The part that is wrong, and why.
    pub fn parse(key: &str, action: &str, when: &str) -> Result<Self, (Part, String)> {
        let chord = Chord::parse(key).ok_or_else(|| {
            let told = format!(
                "{} is no key; expected a character, `ctrl-` or `alt-` with one, `f1` to `f12`, or one of enter, tab, \
                 backtab, space, backspace, insert, delete, up, down, left, right, home, end, pgup, pgdn",
                crate::plain::quoted(key)
            );
            (Part::Key, told)
        })?;
        if let Some((kept, why)) = KEPT.iter().find(|(kept, _)| Chord::parse(kept) == Some(chord)) {
            return Err((Part::Key, format!("{kept} cannot be bound: it {why}")));
        }
        let spec = if action == "none" { None } else { Some(bindable(action).map_err(|why| (Part::Action, why))?) };
        let when = When::parse(when).map_err(|why| (Part::When, why))?;
        let binding = Self { chord, spec, when };
        if !Standing::all().any(|at| binding.works(&at)) {
            let place = spec.map(place_of).unwrap_or(Place::Anywhere).word();
            return Err((
                Part::When,
                format!("`{}` never holds where {action} works ({place})", binding.when.as_str()),
            ));
        }
        Ok(binding)
    }

    /// Whether two of them would mean one press at one place.
    #[must_use]
    pub fn conflicts(&self, other: &Self) -> bool {
        self.chord == other.chord && Standing::all().any(|at| self.works(&at) && other.works(&at))
    }

    /// The action's id, or `none`, and the condition, as they are written.
    #[must_use]
    pub fn words(&self) -> (&'static str, &str) {
        (self.spec.map_or("none", |spec| spec.id), self.when.as_str())
    }

    /// The chord.
    #[must_use]
    pub fn chord(&self) -> Chord {
        self.chord
    }

    /// Whether it means something here.
    fn works(&self, at: &Standing) -> bool {
        self.spec.is_none_or(|spec| place_of(spec).covers(at.place)) && self.when.holds(at)
    }
}

/// A part of a binding, by which its place in a file is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The chord.
    Key,
    /// The action.
    Action,
    /// The condition.
    When,
}

impl Part {
    /// Its key in a file.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Action => "action",
            Self::When => "when",
        }
    }
}

/// The action of an id that a chord can be bound to: one with a key, or one that the palette runs.
fn bindable(id: &str) -> Result<&'static ActionSpec, String> {
    let known = ACTIONS.iter().filter(|spec| can_be_bound(spec));
    let Some(spec) = ACTIONS.iter().find(|spec| spec.id == id) else {
        let told = crate::plain::quoted(id);
        return Err(format!("{told} is no action; {}", crate::fleet::roster::meant(id, known.map(|spec| spec.id))));
    };
    match (spec.doors.key, can_be_bound(spec)) {
        (_, true) => Ok(spec),
        (Key::None(why), false) => Err(format!("{id} has no key: {why}")),
        (Key::In(..), false) => Err(format!("{id} has no key")),
    }
}

fn can_be_bound(spec: &ActionSpec) -> bool {
    matches!(spec.doors.key, Key::In(..)) || spec.doors.palette == Palette::Open
}

/// Where a key of an action works; one that the palette alone runs acts on nothing that a view selects.
fn place_of(spec: &ActionSpec) -> Place {
    match spec.doors.key {
        Key::In(place, _) => place,
        Key::None(_) => Place::Anywhere,
    }
}

/// The registry's chords, read once.
static SHIPPED: LazyLock<Vec<(Chord, Place, &'static ActionSpec)>> = LazyLock::new(|| {
    let chords = |spec: &'static ActionSpec| match spec.doors.key {
        Key::None(_) => Vec::new(),
        Key::In(place, chords) => {
            chords.iter().filter_map(|text| Chord::parse(text)).map(|chord| (chord, place, spec)).collect()
        }
    };
    ACTIONS.iter().flat_map(chords).collect()
});

/// What each chord means.
#[derive(Debug, Clone, Default)]
pub struct Keymap {
    own: Vec<Binding>,
    read_only: bool,
}

impl Keymap {
    /// The registry's chords below these; with `read_only` nothing that writes has a key.
    #[must_use]
    pub fn new(own: Vec<Binding>, read_only: bool) -> Self {
        Self { own, read_only }
    }

    /// What the operator bound.
    #[must_use]
    pub fn own(&self) -> &[Binding] {
        &self.own
    }

    /// Whether nothing that writes has a key.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.read_only
    }

    /// Whether an action is out of reach.
    #[must_use]
    pub fn hides(&self, spec: &ActionSpec) -> bool {
        self.read_only && spec.writes
    }

    /// The action of a chord.
    #[must_use]
    pub fn lookup(&self, at: &Standing, chord: Chord) -> Option<&'static ActionSpec> {
        self.meant(at, chord).filter(|spec| !self.hides(spec))
    }

    /// The same where nothing is out of reach.
    fn meant(&self, at: &Standing, chord: Chord) -> Option<&'static ActionSpec> {
        // No two conflict; whoever reads them sees to it, and a test to the registry's.
        let own = self.own.iter().find(|binding| binding.chord == chord && binding.works(at));
        match own {
            Some(binding) => binding.spec,
            None => {
                let shipped = SHIPPED.iter().find(|(of, place, _)| *of == chord && place.covers(at.place));
                shipped.map(|(_, _, spec)| *spec)
            }
        }
    }

    /// The chords of an action that work here, the operator's own first.
    #[must_use]
    pub fn shown(&self, spec: &ActionSpec, at: &Standing) -> Vec<String> {
        self.working(spec, at).map(|chord| chord.to_string()).collect()
    }

    /// The first of them.
    #[must_use]
    pub fn first(&self, spec: &ActionSpec, at: &Standing) -> Option<String> {
        self.working(spec, at).next().map(|chord| chord.to_string())
    }

    fn working<'a>(&'a self, spec: &'a ActionSpec, at: &'a Standing) -> impl Iterator<Item = Chord> + 'a {
        self.chords(spec).filter(|chord| self.lookup(at, *chord).is_some_and(|found| found.id == spec.id))
    }

    /// The chords of an action that work anywhere.
    #[must_use]
    pub fn shown_anywhere(&self, spec: &ActionSpec) -> Vec<String> {
        let works =
            |chord: &Chord| Standing::all().any(|at| self.lookup(&at, *chord).is_some_and(|found| found.id == spec.id));
        self.chords(spec).filter(works).map(|chord| chord.to_string()).collect()
    }

    /// The conditions of an action's own chords, as they are written.
    #[must_use]
    pub fn conditions(&self, spec: &ActionSpec) -> Vec<String> {
        let own = self.own.iter().filter(|binding| binding.spec.is_some_and(|of| of.id == spec.id));
        own.filter(|binding| !binding.when.as_str().is_empty())
            .map(|binding| format!("{} {}", binding.chord, binding.when.as_str()))
            .collect()
    }

    /// The chords of an action, each once, also those that others took from it.
    fn chords<'a>(&'a self, spec: &'a ActionSpec) -> impl Iterator<Item = Chord> + 'a {
        let own = |chord: Option<Chord>| {
            let of = self.own.iter().filter(|binding| binding.spec.is_some_and(|of| of.id == spec.id));
            of.filter(move |binding| chord.is_none_or(|chord| binding.chord == chord))
        };
        let shipped = SHIPPED.iter().filter(|(_, _, of)| of.id == spec.id).map(|(chord, _, _)| *chord);
        own(None).map(|binding| binding.chord).chain(shipped.filter(move |chord| own(Some(*chord)).next().is_none()))
    }

    /// Why a chord does nothing here, and where it does.
    #[must_use]
    pub fn refusal(&self, at: &Standing, chord: Chord) -> String {
        if let Some(spec) = self.meant(at, chord).filter(|spec| self.hides(spec)) {
            // A mark changes nothing itself.
            let what = if ["list.mark", "card.mark"].contains(&spec.id) {
                "is for what changes something"
            } else {
                "changes something"
            };
            return format!("{chord} ({}) {what}, and this dashboard is read-only", spec.title);
        }
        let elsewhere = VIEWS.into_iter().filter(|(_, place)| *place != at.place);
        let mut found = elsewhere.filter_map(|(_, place)| self.lookup(&Standing::of(place), chord));
        let what = match found.next() {
            Some(spec) => {
                // The same by another name of its own, such as what filters cards and what filters events.
                let alike = found.filter(|other| other.title == spec.title).map(|other| place_of(other).word());
                let mut places = vec![place_of(spec).word()];
                places.extend(alike);
                places.dedup();
                format!("{chord} ({}) works in {}", spec.title, places.join(", "))
            }
            None => format!("{chord} does nothing here"),
        };
        // Under the key that it has by now.
        let help = ACTIONS.iter().find(|spec| spec.build.is(ScreenAction::Help));
        match help.and_then(|help| self.first(help, at)) {
            Some(key) => format!("{what}; {key} shows the keys that work here"),
            None => what,
        }
    }

    /// Actions with a key here, in the table's order.
    pub fn in_place<'a>(&'a self, at: &'a Standing) -> impl Iterator<Item = &'static ActionSpec> + 'a {
        // One that lost its keys to others is none of this place's.
        ACTIONS.iter().filter(|spec| self.working(spec, at).next().is_some())
    }
}

/// The chords of an action as the program ships, as shown to the operator.
#[must_use]
pub fn shipped(spec: &ActionSpec) -> Vec<String> {
    Keymap::default().shown_anywhere(spec)
}

#[cfg(test)]
mod tests;
