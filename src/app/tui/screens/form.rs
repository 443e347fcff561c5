//! The form in which a card is made or edited.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::app::action::inputs::Inputs;
use crate::app::tui::effect::Effect;
use crate::app::tui::present;
use crate::app::tui::present::typed::go_to;
use crate::app::tui::screens::parts::PopupParts;
use crate::app::tui::screens::{dispatch, held};
use crate::app::tui::state::State;
use crate::app::tui::state::answer::Answer;
use crate::app::tui::state::form::{Field, FieldName, Form};
use crate::app::tui::state::screen::Overlay;
use crate::app::tui::state::text_input::{Lines, TextInput};
use crate::backlog::model::Card;
use crate::ui::hit::Typed;

/// What it is made of.
pub(super) const PARTS: PopupParts = PopupParts { press, click: Some(click), text: Some(text) };

fn text(state: &mut State) -> Option<&mut TextInput> {
    match &mut state.overlay {
        Some(Overlay::Form(form)) if form.saving.is_none() => {
            form.fields.get_mut(form.focus).map(|field| &mut field.line)
        }
        _ => None,
    }
}

/// Goes to a field, and to the place in its text.
fn click(state: &mut State, line: usize, typed: Option<Typed>) {
    let rows = present::form::body_rows(state.size.height);
    let Some((at, row)) = present::form::field_at(state, line) else { return };
    let Some(Overlay::Form(form)) = &mut state.overlay else { return };
    if form.saving.is_some() {
        return;
    }
    (form.focus, form.leaving) = (at, false);
    let Some(input) = form.fields.get_mut(at).map(|field| &mut field.line) else { return };
    let rows = if input.lines == Lines::Many { rows } else { 1 };
    go_to(input, rows, row, typed);
}

fn press(state: &mut State, key: KeyEvent, effects: &mut Vec<Effect>) {
    let Some(Overlay::Form(form)) = &mut state.overlay else { return };
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    if form.saving.is_some() {
        if key.code == KeyCode::Esc {
            held::detach(state);
        }
        return;
    }
    let last = form.fields.len() - 1;
    match key.code {
        KeyCode::Esc => {
            // Asked twice only where something would be lost.
            let typed = form.editing.is_some() && !form.changed().is_empty()
                || form.editing.is_none() && form.fields.iter().any(is_typed);
            if typed && !form.leaving {
                form.leaving = true;
                form.notice = Some("Esc again drops what you typed".to_owned());
            } else {
                state.overlay = None;
            }
        }
        KeyCode::Char('r') if control => form.take_newer(),
        KeyCode::Tab => form.focus = if form.focus == last { 0 } else { form.focus + 1 },
        KeyCode::BackTab => form.focus = if form.focus == 0 { last } else { form.focus - 1 },
        KeyCode::Enter if !key.modifiers.contains(KeyModifiers::ALT) => save(state, effects),
        KeyCode::Char('s') if control => save(state, effects),
        code => {
            form.leaving = false;
            // The text first: Up and Down move within a body, and go on to the next field only at its ends.
            let taken = form.fields.get_mut(form.focus).is_some_and(|field| field.line.press(key));
            match code {
                KeyCode::Up if !taken => form.focus = form.focus.saturating_sub(1),
                KeyCode::Down if !taken => form.focus = (form.focus + 1).min(last),
                _ => {}
            }
        }
    }
}

/// Whether a field of a new card holds more than what it began with.
fn is_typed(field: &Field) -> bool {
    !matches!(field.name, FieldName::Priority | FieldName::Phase) && !field.line.text.is_empty()
}

/// Sends what was changed, tied to the version that was edited.
fn save(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(Overlay::Form(form)) = &mut state.overlay else { return };
    let inputs = inputs(form);
    if form.editing.is_some() && form.changed().is_empty() {
        state.overlay = None;
        return state.say("nothing was changed".to_owned(), false);
    }
    let spec = if form.editing.is_some() { "backlog.edit" } else { "backlog.create" };
    let asked = dispatch::resolve_request(state, spec, &inputs);
    let Some(Overlay::Form(form)) = &mut state.overlay else { return };
    match asked {
        Ok((command, request)) => {
            form.notice = None;
            let sent = state.request(command);
            if let Some(Overlay::Form(form)) = &mut state.overlay {
                form.saving = Some(sent.id);
            }
            effects.push(Effect::Run { sent, request });
        }
        Err(why) => {
            // Where it is to be mended.
            form.focus = wrong(&why, form).unwrap_or(form.focus);
            form.notice = Some(in_its_words(form, why));
        }
    }
}

/// The field that an error is about: the first whose name on the command line stands in it.
fn wrong(why: &str, form: &Form) -> Option<usize> {
    let mut words =
        why.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').map(|word| word.trim_start_matches('-'));
    words.find_map(|word| form.fields.iter().position(|field| field.name.argument() == word))
}

/// What is wrong, with the names that the form's fields have on the screen instead of those of the command line.
fn in_its_words(form: &Form, why: String) -> String {
    let named = |why: String, field: &Field| why.replace(&format!("--{}", field.name.argument()), field.name.label());
    form.fields.iter().fold(why, named)
}

fn inputs(form: &Form) -> Inputs {
    let mut inputs = Inputs::default();
    if let Some((id, version)) = &form.editing {
        // With the version that was read: what somebody else saved since is not written over.
        inputs = inputs.with("id", vec![id.to_string()]).with("if-version", vec![version.to_string()]);
    }
    for field in form.changed() {
        inputs = inputs.with(field.name.argument(), vec![field.line.text.trim_end().to_owned()]);
    }
    inputs
}

/// Takes what the operator's editor left: it goes through the form, so that nothing typed is lost when
/// the card changed meanwhile.
pub(in crate::app::tui) fn edited(
    state: &mut State,
    card: &Card,
    text: Result<Vec<(FieldName, String)>, String>,
    effects: &mut Vec<Effect>,
) {
    match text {
        Err(text) => {
            let command = format!("edit {}", card.id);
            let answer = Answer::new("failed".to_owned(), command, text, true);
            state.overlay = Some(Overlay::Answer(answer));
        }
        Ok(values) => {
            let mut form = Form::edit(card);
            form.type_in(values);
            // Opened although it is saved at once: where the card changed meanwhile, all that
            // was typed is in it.
            state.overlay = Some(Overlay::Form(Box::new(form)));
            save(state, effects);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::tui::samples;

    #[test]
    fn a_card_that_changed_meanwhile_is_merged_field_by_field() {
        let mut card = samples::card("A4");
        let mut form = Form::edit(&card);
        form.fields[0].line = TextInput::line("typed title");
        card.version += 1;
        card.title = "their title".into();
        card.phase = "their phase".into();
        form.meanwhile(&card);
        let notice = form.notice.clone().unwrap();
        assert!(notice.contains("title is now \"their title\"") && notice.contains("phase is now"), "{notice}");
        form.take_newer();
        let texts: Vec<&str> = form.fields.iter().take(3).map(|field| field.line.text.as_str()).collect();
        assert_eq!(texts, ["typed title", "0", "their phase"]);
        assert_eq!(form.editing.as_ref().map(|(_, version)| *version), Some(card.version));
        assert_eq!(form.changed().len(), 1, "only what was typed is saved");
    }

    #[test]
    fn a_form_says_what_its_fields_mean_and_goes_to_the_one_that_is_wrong() {
        use crate::app::tui::event::Event;
        use crate::app::tui::present::present;
        use crate::app::tui::update::update;
        use crate::fleet::model::Size;
        let mut state = State::new(Size { width: 80, height: 24 }, jiff::Timestamp::UNIX_EPOCH);
        let press = |state: &mut State, code: KeyCode| {
            update(state, Event::Drawn(samples::DRAWN));
            update(state, Event::Key(code.into()));
        };
        state.overlay = Some(Overlay::Form(Box::new(Form::new_card("m1"))));
        for name in std::iter::once(FieldName::Id).chain(FieldName::LINES).chain([FieldName::Body]) {
            let lines = present(&state).overlay.unwrap().lines;
            let said = lines.iter().flatten().any(|piece| piece.text == name.about());
            assert!(said && name.about().starts_with(name.label()), "{name:?}: {lines:?}");
            // One that took a second line, or a wider frame, would move the form under the cursor.
            assert!(name.about().len() <= 65, "{name:?}");
            press(&mut state, KeyCode::Tab);
        }
        press(&mut state, KeyCode::Char('A'));
        press(&mut state, KeyCode::Enter);
        let Some(Overlay::Form(form)) = &state.overlay else { panic!("{:?}", state.overlay) };
        assert!(form.notice.as_ref().is_some_and(|notice| notice.contains("title")), "{:?}", form.notice);
        assert_eq!(form.fields[form.focus].name, FieldName::Title);
    }
}
