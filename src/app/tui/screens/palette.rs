//! The palette: a command line inside the dashboard, with a list of what it could become. The words are those of a
//! shell, parsed by the same parser.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::app::action::cli;
use crate::app::action::inputs::Inputs;
use crate::app::action::registry::{ActionSpec, Build, Danger, Door, Shell};
use crate::app::tui::effect::Effect;
use crate::app::tui::present;
use crate::app::tui::present::typed::go_to;
use crate::app::tui::screens::hand::one_at_a_time;
use crate::app::tui::screens::parts::PopupParts;
use crate::app::tui::screens::{dispatch, hand, several};
use crate::app::tui::state::State;
use crate::app::tui::state::confirm::Behind;
use crate::app::tui::state::marks::UNSEEN;
use crate::app::tui::state::palette::{Palette, candidates, normal, refusal, usage, words_of};
use crate::app::tui::state::screen::Overlay;
use crate::app::tui::state::text_input::TextInput;
use crate::fleet::model::shell_word;
use crate::fleet::roster::FIELDS;
use crate::ui::hit::Typed;

/// What it is made of.
pub(super) const PARTS: PopupParts = PopupParts { press, click: Some(click), text: Some(text) };

/// Opens it with nothing typed yet.
pub(in crate::app::tui) fn open(state: &mut State) {
    state.overlay = Some(Overlay::Palette(Palette { on: hand::target(state), ..Palette::default() }));
}

/// Opens it with an entry and what is known of its inputs; the rest is typed behind it.
pub(in crate::app::tui) fn open_with(state: &mut State, spec: &ActionSpec, inputs: &Inputs) {
    let words = cli::command_line(spec, inputs).unwrap_or_default();
    // Without the program's name, which nobody types here.
    let words: Vec<String> = words.iter().skip(1).map(|word| shell_word(word)).collect();
    let line = TextInput::line(&format!("{} ", words.join(" ")));
    open(state);
    if let Some(Overlay::Palette(palette)) = &mut state.overlay {
        (palette.line, palette.notice) = (line, Some(usage(spec)));
    }
}

fn text(state: &mut State) -> Option<&mut TextInput> {
    match &mut state.overlay {
        Some(Overlay::Palette(palette)) => Some(&mut palette.line),
        _ => None,
    }
}

/// Goes to the place in the line, or marks an entry.
fn click(state: &mut State, line: usize, typed: Option<Typed>) {
    let entry = present::palette::entry_at(state, line);
    let Some(Overlay::Palette(palette)) = &mut state.overlay else { return };
    match entry {
        Some(at) => palette.at = at,
        None if line == 0 => go_to(&mut palette.line, 1, 0, typed),
        None => {}
    }
}

/// The agents that a line is filled in with.
enum InHand {
    /// The selected one, if any.
    Selected(Option<String>),
    /// Those that are marked.
    Marked(Vec<String>),
}

impl InHand {
    fn of(state: &State) -> Self {
        let marked = state.batch_names();
        if !marked.is_empty() {
            return Self::Marked(marked);
        }
        Self::Selected(state.selected_row().filter(|row| row.managed).map(|row| row.name.to_string()))
    }
}

fn press(state: &mut State, key: KeyEvent, effects: &mut Vec<Effect>) {
    let in_hand = InHand::of(state);
    let history = &state.commands;
    let managed = state.snapshot.iter().flat_map(|snapshot| &snapshot.agents).filter(|row| row.managed);
    let names: Vec<String> = managed.map(|row| row.name.to_string()).collect();
    let Some(Overlay::Palette(palette)) = &mut state.overlay else { return };
    let list = candidates(&palette.line.text, &state.keys);
    let marked = list.get(palette.at).copied();
    match key.code {
        KeyCode::Esc => state.overlay = None,
        KeyCode::Down => palette.at = (palette.at + 1).min(list.len().saturating_sub(1)),
        KeyCode::Up if palette.at > 0 => palette.at -= 1,
        KeyCode::Up | KeyCode::Char('p') if key.code == KeyCode::Up || control(key) => {
            match history.back(palette.back + 1) {
                Some(line) => {
                    palette.back += 1;
                    palette.line = TextInput::line(line);
                }
                None if palette.back > 0 => palette.notice = Some("that is the oldest line that is kept".to_owned()),
                None => palette.notice = Some("no earlier line: nothing was run from here yet".to_owned()),
            }
        }
        KeyCode::Char('n') if control(key) => {
            palette.back = palette.back.saturating_sub(1);
            palette.notice = None;
            palette.line = TextInput::line(history.back(palette.back).unwrap_or_default());
        }
        KeyCode::Tab => {
            if let Some(spec) = marked
                && !complete_argument(palette, spec, &names)
            {
                complete(palette, spec, in_hand);
            }
        }
        KeyCode::Enter => enter(state, marked, in_hand, effects),
        _ => {
            if palette.line.press(key) {
                palette.at = 0;
                palette.notice = None;
            }
        }
    }
}

fn control(key: KeyEvent) -> bool {
    key.modifiers.contains(KeyModifiers::CONTROL)
}

/// Puts an entry's words into the line, with the agent in hand where a name is needed, and with all that are marked where it
/// takes several.
fn complete(palette: &mut Palette, spec: &ActionSpec, in_hand: InHand) {
    let Some(words) = words_of(spec) else { return };
    let mut several = None;
    let typed = normal(&palette.line.text);
    let mut text =
        if typed == words || typed.starts_with(&format!("{words} ")) { typed.to_owned() } else { words.clone() };
    let first = spec.arguments.first().map_or("", |argument| argument.name);
    if text.trim_end() == words {
        text = format!("{words} ");
        let filled = match (first, in_hand) {
            // A new agent needs a name that nobody has.
            ("name", InHand::Selected(name)) if spec.id != "fleet.add" => name.into_iter().collect(),
            ("name", InHand::Marked(names)) if spec.id != "fleet.add" && names.len() > 1 => {
                several = Some(one_at_a_time(spec.title, "agent", names.len()));
                Vec::new()
            }
            ("name", InHand::Marked(names)) if spec.id != "fleet.add" => names,
            ("agents", InHand::Marked(names)) => names,
            _ => Vec::new(),
        };
        filled.iter().for_each(|name| text.push_str(&format!("{name} ")));
    }
    palette.line = TextInput::line(&text);
    palette.at = 0;
    palette.notice = several.or_else(|| Some(usage(spec)).filter(|usage| !usage.is_empty()));
}

/// Completes the word at the end of a whole command: an option, a field, an agent's name. Whether there
/// was such a word; several that fit are listed.
fn complete_argument(palette: &mut Palette, spec: &ActionSpec, names: &[String]) -> bool {
    let Some(words) = words_of(spec) else { return false };
    let typed = normal(&palette.line.text).to_owned();
    let Some(arguments) = typed.strip_prefix(&format!("{words} ")) else { return false };
    let word = arguments.rsplit(' ').next().unwrap_or_default();
    if word.is_empty() {
        return false;
    }
    let fits = |candidate: &String| candidate.starts_with(word);
    let mut found: Vec<String> = if word.starts_with('-') {
        let options = spec.arguments.iter().filter(|argument| argument.shape.is_option());
        options.map(|argument| format!("--{}", argument.name)).filter(fits).collect()
    } else if spec.arguments.iter().any(|argument| argument.name == "fields") && arguments.contains(' ') {
        FIELDS.iter().map(|field| format!("{field}=")).filter(fits).collect()
    } else if spec.arguments.iter().any(|argument| matches!(argument.name, "name" | "agents")) {
        names.iter().filter(|name| fits(name)).cloned().collect()
    } else {
        Vec::new()
    };
    found.sort();
    // Nothing fits, and the key was for this word all the same: the whole line must not
    // be replaced for it.
    let Some(first) = found.first() else { return true };
    let common = found.iter().fold(first.as_str(), |common, next| {
        let same = common.char_indices().zip(next.chars()).take_while(|((_, a), b)| a == b);
        &common[..same.map(|((at, a), _)| at + a.len_utf8()).last().unwrap_or(0)]
    });
    let rest = &common[word.len()..];
    // Behind `field=` comes its value, without a blank.
    let end = if found.len() == 1 && !common.ends_with('=') { " " } else { "" };
    palette.line = TextInput::line(&format!("{}{rest}{end}", palette.line.text));
    palette.notice = (found.len() > 1).then(|| found.join("  "));
    true
}

/// Does what a whole entry of the list does to all that are marked; whether it was one for them. What is typed behind a command
/// is meant as it is typed.
fn to_marked(state: &mut State, spec: &'static ActionSpec, in_hand: &InHand, effects: &mut Vec<Effect>) -> bool {
    let has = |name: &str| spec.arguments.iter().any(|argument| argument.name == name);
    let cards = state.marked_cards().to_vec();
    let names = match in_hand {
        InHand::Marked(names) if names.len() > 1 && has("name") && matches!(spec.danger, Danger::Confirm(_)) => {
            names.as_slice()
        }
        // What one card lacks is typed.
        _ if several::takes_cards(spec)
            && (cards.len() > 1 || cards.len() == 1 && several::missing(spec).is_none()) =>
        {
            &[]
        }
        _ => return false,
    };
    state.overlay = None;
    state.commands.push(&words_of(spec).unwrap_or_default());
    // The history says by which door something came.
    state.door = Door::Palette;
    match names.is_empty() {
        true => several::to_cards(state, spec, &cards, effects),
        false => several::to_agents(state, spec, names, effects),
    }
    state.door = Door::Key;
    true
}

/// Whether an entry would act on another agent or card than the one that was selected when the palette was opened, which it
/// covers; that is said, and by then the operator knows of which.
fn is_of_another(state: &mut State, spec: &ActionSpec) -> bool {
    let acts = matches!(spec.build, Build::Screen(action) if action.acts_on_selection());
    let (now, words) = (hand::target(state), hand::target_words(state));
    let Some(Overlay::Palette(palette)) = &mut state.overlay else { return false };
    let moved = acts && std::mem::replace(&mut palette.on, now) != now;
    if moved {
        let now = words.map_or("nothing is selected any more".to_owned(), |now| {
            format!("{now} is selected by now, and another was; Enter again acts on it")
        });
        palette.notice = Some(format!("{}: {now}", spec.title));
    }
    moved
}

fn enter(state: &mut State, marked: Option<&'static ActionSpec>, in_hand: InHand, effects: &mut Vec<Effect>) {
    let Some(Overlay::Palette(palette)) = &mut state.overlay else { return };
    let text = normal(&palette.line.text).trim_end().to_owned();
    let typed_whole = marked.is_some_and(|spec| palette.is_whole(spec));
    if marked.is_some() && (!typed_whole || palette.notice.is_some()) && !state.shows_mark() {
        return state.say(UNSEEN.to_owned(), true);
    }
    if marked.is_some_and(|spec| is_of_another(state, spec)) {
        return;
    }
    let Some(Overlay::Palette(palette)) = &mut state.overlay else { return };
    let Some(spec) = marked else {
        let nothing = || "no command matches; ? in a view lists the keys".to_owned();
        palette.notice = Some(refusal(&text, &state.keys).unwrap_or_else(nothing));
        return;
    };
    if matches!(spec.doors.shell, Shell::None(_)) {
        state.overlay = None;
        state.commands.push(&words_of(spec).unwrap_or_default());
        return match dispatch::resolve(state, spec, &Inputs::default(), Door::Palette) {
            Ok((command, performer)) => dispatch::dispatch(state, command, performer, effects),
            Err(why) => state.say(why, true),
        };
    }
    if !typed_whole && to_marked(state, spec, &in_hand, effects) {
        return;
    }
    let Some(Overlay::Palette(palette)) = &mut state.overlay else { return };
    let needs_more = spec.arguments.iter().any(|argument| argument.shape.is_required());
    // Without names it would go to the whole fleet: those that are marked are put into the line, to be seen.
    let for_marks = matches!(in_hand, InHand::Marked(_))
        && words_of(spec).is_some_and(|words| !typed_whole || text == words)
        && spec.arguments.first().is_some_and(|first| first.name == "agents");
    if for_marks || (!typed_whole && needs_more) {
        return complete(palette, spec, in_hand);
    }
    let line = if typed_whole { text } else { words_of(spec).unwrap_or_default() };
    let parsed = match cli::parse_line(&line) {
        Ok(parsed) => parsed,
        Err(why) => {
            palette.notice = Some(why);
            return;
        }
    };
    if parsed.globals.roster.is_some() {
        // The action would be performed on the fleet that is shown, whatever was named.
        palette.notice = Some("--roster is for a shell: this screen shows one fleet, and acts on it".to_owned());
        return;
    }
    match dispatch::resolve(state, parsed.spec, &parsed.inputs, Door::Palette) {
        Ok((command, performer)) => {
            state.commands.push(&line);
            // What was typed behind a command's words may be a whole reason.
            let behind = match state.overlay.take() {
                Some(Overlay::Palette(palette)) if words_of(spec).is_some_and(|words| line.len() > words.len()) => {
                    Some(Behind::Palette(palette))
                }
                _ => None,
            };
            let subject = dispatch::subject(state, &parsed.inputs, &performer);
            // The history says by which door something came; a question that is answered by a key
            // still came by this one.
            state.door = Door::Palette;
            dispatch::confirm_or_dispatch(state, parsed.spec, subject, (command, performer), effects);
            state.door = Door::Key;
            if let Some(Overlay::Confirm(confirm)) = &mut state.overlay {
                confirm.behind = behind.map(Box::new);
            }
        }
        Err(why) => {
            if let Some(Overlay::Palette(palette)) = &mut state.overlay {
                palette.notice = Some(why);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::action::keymap::Keymap;

    #[test]
    fn tab_completes_names_options_and_fields() {
        let names = ["code0", "code1", "review"].map(str::to_owned);
        for (line, want, listed) in [
            ("fleet stop rev", "fleet stop review ", false),
            ("fleet stop co", "fleet stop code", true),
            ("fleet restart code0 code1 re", "fleet restart code0 code1 review ", false),
            ("fleet start --cl", "fleet start --class ", false),
            ("fleet edit code0 ali", "fleet edit code0 alias=", false),
            ("fleet edit co", "fleet edit code", true),
            ("fleet stop zz", "fleet stop zz", false),
        ] {
            let spec = candidates(line, &Keymap::default())[0];
            let mut palette = Palette { line: TextInput::line(line), ..Palette::default() };
            assert!(complete_argument(&mut palette, spec, &names));
            assert_eq!((palette.line.text.as_str(), palette.notice.is_some()), (want, listed), "{line}");
        }
        let mut palette = Palette { line: TextInput::line("fleet sto"), ..Palette::default() };
        assert!(!complete_argument(&mut palette, candidates("fleet sto", &Keymap::default())[0], &names));
    }

    #[test]
    fn the_history_has_what_was_run_whether_a_shell_knows_it_or_not() {
        use crate::app::tui::event::Event;
        use crate::app::tui::samples;
        use crate::app::tui::state::screen::Screen;
        use crate::app::tui::update::update;
        let mut state = State::new(crate::fleet::model::Size { width: 120, height: 40 }, jiff::Timestamp::UNIX_EPOCH);
        update(&mut state, Event::Snapshot(samples::snapshot()));
        let press = |state: &mut State, code: KeyCode, held: KeyModifiers| {
            update(state, Event::Drawn(samples::DRAWN));
            update(state, Event::Key(KeyEvent::new(code, held)));
        };
        let open = |state: &State| match &state.overlay {
            Some(Overlay::Palette(palette)) => palette.clone(),
            other => panic!("{other:?}"),
        };
        let typed = |state: &mut State, text: &str| {
            text.chars().for_each(|c| press(state, KeyCode::Char(c), KeyModifiers::NONE));
        };
        typed(&mut state, ":");
        press(&mut state, KeyCode::Char('p'), KeyModifiers::CONTROL);
        assert!(open(&state).notice.is_some_and(|notice| notice.contains("no earlier line")));
        typed(&mut state, "board");
        press(&mut state, KeyCode::Enter, KeyModifiers::NONE);
        assert_eq!(state.screen, Screen::Board);
        typed(&mut state, ":");
        press(&mut state, KeyCode::Char('p'), KeyModifiers::CONTROL);
        assert_eq!(open(&state).line.text, "board");
        press(&mut state, KeyCode::Char('p'), KeyModifiers::CONTROL);
        assert!(open(&state).notice.is_some_and(|notice| notice.contains("oldest")));
    }
}
