//! Whole inputs through the decoder with virtual time: cut after each byte, with pauses between.

mod letters;
mod mouse;
mod stalls;
mod well;

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::Timestamp;
use proptest::prelude::*;

use super::decoder::{Decoder, Typed};
use crate::app::tui::effect::Effect;
use crate::app::tui::event::Event;
use crate::app::tui::samples;
use crate::app::tui::state::State;
use crate::app::tui::update::update;
use crate::fleet::model::{Label, Size};

const WAIT: Duration = Duration::from_millis(40);

/// Longer than every pause that decides something.
const LONG: Duration = Duration::from_secs(6);

/// A decoder with a clock of its own, driven as `tty` drives it.
struct Terminal {
    decoder: Decoder,
    now: Instant,
    typed: Vec<Typed>,
}

impl Terminal {
    fn new() -> Self {
        Self { decoder: Decoder::new(WAIT), now: Instant::now(), typed: Vec::new() }
    }

    fn wait(&mut self, span: Duration) {
        let end = self.now + span;
        while let Some(due) = self.decoder.due().filter(|due| *due <= end) {
            self.decoder.pause(due, &mut self.typed);
        }
        self.now = end;
    }

    fn write(&mut self, bytes: &[u8]) {
        self.decoder.feed(bytes, self.now, &mut self.typed);
    }

    /// Everything that was typed until now, once nothing is undecided.
    fn take(&mut self) -> Vec<Typed> {
        self.wait(LONG);
        // An answer that is understood is no key; it has a test of its own.
        self.typed.retain(|typed| !matches!(typed, Typed::Ground { .. } | Typed::Mouse(_) | Typed::Well));
        std::mem::take(&mut self.typed)
    }
}

/// What bytes come to when they are written at once.
fn at_once(bytes: &[u8]) -> Vec<Typed> {
    let mut terminal = Terminal::new();
    terminal.write(bytes);
    terminal.take()
}

/// The same with a pause after each of the first bytes up to each place, and after every byte.
fn in_every_cut(bytes: &[u8], mut check: impl FnMut(&str, Vec<Typed>)) {
    for millis in [0, 10, 20, 39, 41, 60, 100, 200, 350] {
        let pause = Duration::from_millis(millis);
        for cut in 1..bytes.len() {
            let mut terminal = Terminal::new();
            terminal.write(&bytes[..cut]);
            terminal.wait(pause);
            terminal.write(&bytes[cut..]);
            check(&format!("{:?} cut after {cut}, {millis} ms", bytes.escape_ascii().to_string()), terminal.take());
        }
        let mut terminal = Terminal::new();
        for byte in bytes {
            terminal.write(&[*byte]);
            terminal.wait(pause);
        }
        check(&format!("{:?} byte by byte, {millis} ms", bytes.escape_ascii().to_string()), terminal.take());
    }
}

/// What comes of bytes in all of those cuts, each once: most cuts decide nothing.
fn outcomes(bytes: &[u8]) -> Vec<(String, Vec<Typed>)> {
    let mut all: Vec<(String, Vec<Typed>)> = Vec::new();
    in_every_cut(bytes, |what, typed| {
        if all.iter().all(|(_, known)| *known != typed) {
            all.push((what.to_owned(), typed));
        }
    });
    all
}

fn key(code: KeyCode, held: KeyModifiers) -> Typed {
    Typed::Key(KeyEvent::new(code, held))
}

fn plain(code: KeyCode) -> Typed {
    key(code, KeyModifiers::NONE)
}

/// Without an Esc in front that was decided because of a pause behind it: that one cannot be told from a press.
fn without_esc(typed: Vec<Typed>) -> Vec<Typed> {
    typed.into_iter().filter(|typed| *typed != plain(KeyCode::Esc)).collect()
}

/// Answers, reports and strings of terminals, with letters in them that act in a view.
const NO_KEYS: &[&[u8]] = &[
    b"\x1b]11;rgb:1e1e/2a2a/3b3b\x1b\\",
    b"\x1b]11;rgb:XXyy/AArr/3b3b\x07",
    b"\x1b]4;1;rgb:cdcd/0000/0000\x1b\\",
    b"\x1b]52;c;aGVsbG8=\x1b\\",
    b"\x1b]52;c;aGVsbG8Xy=\x07",
    b"\x1b]lXy title \xe2\x9c\x9c Xy\x1b\\",
    b"\x1b]99;i=1:p=?;Xy\x1b\\",
    b"\x1b]1337;ReportCellSize=17.0;8.0;2.0\x1b\\",
    b"\x1bP>|XTerm(390)\x1b\\",
    b"\x1bP!|00000000\x1b\\",
    b"\x1bP1+r436f=323536\x1b\\",
    b"\x1bP0$rXy\x1b\\",
    b"\x1b_Gi=31;OK\x1b\\",
    b"\x1b_Xyq\x1b\\",
    b"\x1b^Xyq\x1b\\",
    b"\x1bXXyq\x1b\\",
    b"\x1b[>41;354;0c",
    b"\x1b[?62;22c",
    b"\x1b[?1;2c",
    b"\x1b[0n",
    b"\x1b[?2026;2$y",
    b"\x1b[12;2$y",
    b"\x1b[24;80R",
    b"\x1b[1;5R",
    b"\x1b[?1;1R",
    b"\x1b[8;24;80t",
    b"\x1b[4;600;800t",
    b"\x1b[?0u",
    b"\x1b[?997;1n",
    b"\x1b[48;24;80;600;800t",
    b"\x1b[I",
    b"\x1b[O",
    b"\x1b[<0;10;5M",
    b"\x1b[<0;10;5m",
    b"\x1b[M Xy",
    b"\x1b[32;10;5M",
    b"\x1b[201~",
    b"\x1b[99~",
    b"\x1b[57441;1:3u",
    b"\x1b[97;1:3u",
    b"\x1b[1;1:3A",
    b"\x1b[1;2;3;4;5;6;7A",
    b"\x1b[99999999999A",
    b"\x1b[ A",
    b"\x1b[3 q",
    b"\x1bOy",
    b"\x1bO5P",
    b"\x9bA",
    b"\x9b[A",
    b"\x9b200n",
    b"\x9d11;rgb:Xy\x07",
    b"\x9d11;rgb:Xy\x9c",
    b"\x90>|XTerm(390)\x9c",
    b"\x9fXyq\x9c",
    b"\x9eXyq\x1b\\",
    b"\x98Xyq\x9c",
    b"\x8fS",
    b"\x8eX",
    b"\x85",
    b"\xc2\x9bA",
    b"\xc2\x9d11;Xy\x07",
    b"\xff\xfe\xc0\x80\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
];

/// Every key that a terminal sends with a sequence, and what it is.
fn keys() -> Vec<(Vec<u8>, Typed)> {
    let mut all = Vec::new();
    let mut add = |bytes: &str, typed: Typed| all.push((bytes.as_bytes().to_vec(), typed));
    for (letter, code) in [
        ('A', KeyCode::Up),
        ('B', KeyCode::Down),
        ('C', KeyCode::Right),
        ('D', KeyCode::Left),
        ('H', KeyCode::Home),
        ('F', KeyCode::End),
        ('P', KeyCode::F(1)),
        ('Q', KeyCode::F(2)),
        ('S', KeyCode::F(4)),
    ] {
        add(&format!("\x1b[{letter}"), plain(code));
        add(&format!("\x1bO{letter}"), plain(code));
        add(&format!("\x1b[1;2{letter}"), key(code, KeyModifiers::SHIFT));
        add(&format!("\x1b[1;3{letter}"), key(code, KeyModifiers::ALT));
        add(&format!("\x1b[1;5{letter}"), key(code, KeyModifiers::CONTROL));
        add(&format!("\x1b[1;6{letter}"), key(code, KeyModifiers::CONTROL | KeyModifiers::SHIFT));
        add(&format!("\x1b[1;1:1{letter}"), plain(code));
    }
    add("\x1b[R", plain(KeyCode::F(3)));
    add("\x1bOR", plain(KeyCode::F(3)));
    add("\x1bOM", plain(KeyCode::Enter));
    add("\x1b[Z", key(KeyCode::BackTab, KeyModifiers::SHIFT));
    for (number, code) in [
        (1, KeyCode::Home),
        (2, KeyCode::Insert),
        (3, KeyCode::Delete),
        (4, KeyCode::End),
        (5, KeyCode::PageUp),
        (6, KeyCode::PageDown),
        (7, KeyCode::Home),
        (8, KeyCode::End),
        (11, KeyCode::F(1)),
        (14, KeyCode::F(4)),
        (15, KeyCode::F(5)),
        (17, KeyCode::F(6)),
        (21, KeyCode::F(10)),
        (23, KeyCode::F(11)),
        (24, KeyCode::F(12)),
        (26, KeyCode::F(14)),
        (29, KeyCode::F(16)),
        (34, KeyCode::F(20)),
    ] {
        add(&format!("\x1b[{number}~"), plain(code));
        add(&format!("\x1b[{number};5~"), key(code, KeyModifiers::CONTROL));
    }
    for (letter, number) in ('A'..='E').zip(1..) {
        add(&format!("\x1b[[{letter}"), plain(KeyCode::F(number)));
    }
    add("\x1b[106;5u", key(KeyCode::Char('j'), KeyModifiers::CONTROL));
    add("\x1b[13;3u", key(KeyCode::Enter, KeyModifiers::ALT));
    add("\x1b[27;5;106~", key(KeyCode::Char('j'), KeyModifiers::CONTROL));
    add("\x1b[120;2u", key(KeyCode::Char('X'), KeyModifiers::SHIFT));
    add("\x1b[200~Xy\x1b[201~", Typed::Paste("Xy".to_owned()));
    add("\x1b[200~\x1b[201\x1b[20\x1b[201~", Typed::Paste("\x1b[201\x1b[20".to_owned()));
    all
}

#[test]
fn what_is_no_key_never_becomes_one_however_it_is_cut() {
    for bytes in NO_KEYS {
        assert_eq!(at_once(bytes), [], "{}", bytes.escape_ascii());
        in_every_cut(bytes, |what, typed| assert_eq!(without_esc(typed), [], "{what}"));
    }
}

#[test]
fn an_answer_tells_the_ground_however_it_is_cut() {
    for (bytes, light) in [(NO_KEYS[0], false), (&b"\x1b]11;rgb:ffff/ffff/ffff\x07"[..], true)] {
        for cut in 2..bytes.len() {
            let mut terminal = Terminal::new();
            terminal.write(&bytes[..cut]);
            terminal.wait(WAIT / 2);
            terminal.write(&bytes[cut..]);
            assert_eq!(terminal.typed, [Typed::Ground { light }], "cut after {cut}");
        }
    }
}

#[test]
fn a_key_behind_what_is_none_arrives() {
    for bytes in NO_KEYS {
        let mut terminal = Terminal::new();
        terminal.write(bytes);
        terminal.write(b"j\x1b[B\r");
        let want = [plain(KeyCode::Char('j')), plain(KeyCode::Down), plain(KeyCode::Enter)];
        // Half a character takes the byte that shows that it is half with it, and no more.
        assert_eq!(terminal.take(), want, "{}", bytes.escape_ascii());
    }
}

#[test]
fn every_key_arrives_however_it_is_cut() {
    for (bytes, want) in keys() {
        assert_eq!(at_once(&bytes), std::slice::from_ref(&want), "{}", bytes.escape_ascii());
        in_every_cut(&bytes, |what, typed| assert_eq!(without_esc(typed), std::slice::from_ref(&want), "{what}"));
    }
}

#[test]
fn a_pause_shorter_than_the_wait_makes_no_esc() {
    for (bytes, want) in keys() {
        let mut terminal = Terminal::new();
        for byte in &bytes {
            terminal.write(&[*byte]);
            terminal.wait(WAIT - Duration::from_millis(1));
        }
        assert_eq!(terminal.take(), [want], "{}", bytes.escape_ascii());
    }
}

#[test]
fn letters_controls_and_characters_are_themselves() {
    let control = |c: char| key(KeyCode::Char(c), KeyModifiers::CONTROL);
    assert_eq!(
        at_once("aG é日\t\r\n\x7f\x03\x1a\x00".as_bytes()),
        [
            plain(KeyCode::Char('a')),
            key(KeyCode::Char('G'), KeyModifiers::SHIFT),
            plain(KeyCode::Char(' ')),
            plain(KeyCode::Char('é')),
            plain(KeyCode::Char('日')),
            plain(KeyCode::Tab),
            plain(KeyCode::Enter),
            control('j'),
            plain(KeyCode::Backspace),
            control('c'),
            control('z'),
            control(' '),
        ]
    );
    in_every_cut("é日😀".as_bytes(), |what, typed| {
        assert_eq!(typed, ['é', '日', '😀'].map(|c| plain(KeyCode::Char(c))), "{what}");
    });
}

#[test]
fn a_key_that_is_told_by_its_code_is_the_one_that_a_byte_tells() {
    let control = |c: char| key(KeyCode::Char(c), KeyModifiers::CONTROL);
    for (bytes, want) in [
        ("\x1b[27u", plain(KeyCode::Esc)),
        // With Num Lock.
        ("\x1b[27;129u", plain(KeyCode::Esc)),
        ("\x1b[106:74;6u", control('j')),
        // The key of C on a keyboard without Latin letters.
        ("\x1b[1089::99;5u", control('c')),
        ("\x1b[50:64;4u", key(KeyCode::Char('@'), KeyModifiers::ALT)),
        ("\x1b[97:65;4u", key(KeyCode::Char('A'), KeyModifiers::ALT | KeyModifiers::SHIFT)),
        ("\x1b[105;5u", plain(KeyCode::Tab)),
        ("\x1b[109;5u", plain(KeyCode::Enter)),
        ("\x1b[109;7u", key(KeyCode::Enter, KeyModifiers::ALT)),
        ("\x1b[91;5u", plain(KeyCode::Esc)),
        ("\x1b[47;5u", control('7')),
        ("\x1b[45:95;6u", control('7')),
        ("\x1b[47:63;6u", plain(KeyCode::Backspace)),
        ("\x1b[27;2u", plain(KeyCode::Esc)),
        ("\x1b[13;2u", plain(KeyCode::Enter)),
        ("\x1b[13;5u", plain(KeyCode::Enter)),
        ("\x1b[9;5u", plain(KeyCode::Tab)),
        ("\x1b[9;2u", key(KeyCode::BackTab, KeyModifiers::SHIFT)),
        // The end of a word is taken away by Option, told as Alt and Super.
        ("\x1b[127;11u", key(KeyCode::Backspace, KeyModifiers::ALT)),
        // No letter of Latin stands there.
        ("\x1b[252::91;5u", control('ü')),
        ("\x1b[1089:1057:99;4u", key(KeyCode::Char('C'), KeyModifiers::ALT | KeyModifiers::SHIFT)),
        // Of the number pad.
        ("\x1b[57414u", plain(KeyCode::Enter)),
        ("\x1b[57420u", plain(KeyCode::Down)),
        ("\x1b[57402u", plain(KeyCode::Char('3'))),
        ("\x1b[57376u", plain(KeyCode::F(13))),
    ] {
        assert_eq!(at_once(bytes.as_bytes()), [want], "{}", bytes.escape_debug());
    }
    // A lone Shift, a key that was let go, and what belongs to the desktop.
    for nothing in ["\x1b[57441u", "\x1b[57427u", "\x1b[97;1:3u", "\x1b[97;9u", "\x1b[113;17u", "\x1b[27;9u"] {
        assert_eq!(at_once(nothing.as_bytes()), [], "{}", nothing.escape_debug());
    }
}

#[test]
fn an_esc_that_is_told_by_its_code_waits_for_nothing() {
    let mut terminal = Terminal::new();
    terminal.write(b"\x1b[27uj");
    assert_eq!(terminal.typed, [plain(KeyCode::Esc), plain(KeyCode::Char('j'))]);
}

#[test]
fn an_esc_is_one_after_a_moment_and_alt_within_it() {
    let esc = plain(KeyCode::Esc);
    assert_eq!(at_once(b"\x1b"), std::slice::from_ref(&esc));
    assert_eq!(at_once(b"\x1b\x1b"), [esc.clone(), esc.clone()]);
    assert_eq!(at_once(b"\x1b\r"), [key(KeyCode::Enter, KeyModifiers::ALT)]);
    assert_eq!(at_once(b"\x1by"), [key(KeyCode::Char('y'), KeyModifiers::ALT)]);
    assert_eq!(at_once("\x1bé".as_bytes()), [key(KeyCode::Char('é'), KeyModifiers::ALT)]);
    assert_eq!(at_once(b"\x1b\x1b[A"), [key(KeyCode::Up, KeyModifiers::ALT)]);
    assert_eq!(at_once(b"\x1b\x1bOS"), [key(KeyCode::F(4), KeyModifiers::ALT)]);
    assert_eq!(at_once(b"\x1b["), [key(KeyCode::Char('['), KeyModifiers::ALT)]);
    assert_eq!(at_once(b"\x1bX"), [key(KeyCode::Char('X'), KeyModifiers::ALT)]);
    let mut terminal = Terminal::new();
    for _ in 0..2 {
        terminal.write(b"\x1b");
        terminal.wait(Duration::from_millis(150));
    }
    terminal.write(b"q");
    assert_eq!(terminal.take(), [esc.clone(), esc.clone(), plain(KeyCode::Char('q'))], "pressed one after the other");
    let mut terminal = Terminal::new();
    terminal.write(b"\x1b");
    terminal.wait(Duration::from_millis(150));
    terminal.write(b"X");
    assert_eq!(terminal.take(), [esc, plain(KeyCode::Char('X'))], "pressed, a little late");
}

#[test]
fn the_rest_of_what_was_thrown_away_is_no_typing() {
    let mut terminal = Terminal::new();
    terminal.write(b"\x1b]52;c;aGVs");
    terminal.decoder.forget(terminal.now);
    terminal.write(b"bG8Xy=\x1b\\");
    terminal.wait(Duration::from_millis(200));
    terminal.write(b"Sq");
    assert_eq!(terminal.take(), [key(KeyCode::Char('S'), KeyModifiers::SHIFT), plain(KeyCode::Char('q'))]);
}

#[test]
fn ctrl_c_works_whatever_went_wrong() {
    let ctrl_c = key(KeyCode::Char('c'), KeyModifiers::CONTROL);
    for begun in [&b""[..], b"\x1b", b"\x1b[1;", b"\x1b]11;rgb", b"\x1bPq", b"\xe6\x97", b"\x9b", b"\x1bO"] {
        let mut terminal = Terminal::new();
        terminal.write(begun);
        terminal.write(b"\x03");
        assert_eq!(terminal.take(), std::slice::from_ref(&ctrl_c), "{}", begun.escape_ascii());
    }
}

#[test]
fn ctrl_c_ends_a_paste_that_was_cut_off() {
    let mut terminal = Terminal::new();
    terminal.write(b"\x1b[200~text\x03");
    terminal.write(b"\x03");
    terminal.wait(Duration::from_millis(600));
    terminal.write(b"\x03");
    assert_eq!(terminal.take(), [key(KeyCode::Char('c'), KeyModifiers::CONTROL)]);
}

#[test]
fn a_large_paste_is_one_paste() {
    let text = "word ".repeat(400_000);
    let mut terminal = Terminal::new();
    let bytes = format!("\x1b[200~{text}\x1b[201~j");
    for read in bytes.as_bytes().chunks(4095) {
        terminal.write(read);
    }
    assert_eq!(terminal.take(), [Typed::Paste(text), plain(KeyCode::Char('j'))]);
}

proptest! {
    /// How the bytes are cut into reads decides nothing, as long as no pause does.
    #[test]
    fn cuts_without_pauses_change_nothing(
        pieces in prop::collection::vec(prop::sample::select(vec![
            &b"\x1b"[..], b"[", b"O", b"A", b"1;5", b"~", b"200~", b"201~", b"]", b"P", b"\\", b"\x07", b"\x9b", b"\xe6\x97\xa5",
            b"\xe6", b"x", b"\r", b"\x03", b"?", b"M", b"$",
        ]), 0..24),
        cuts in prop::collection::vec(1_usize..4, 1..40),
    ) {
        let bytes = pieces.concat();
        let mut terminal = Terminal::new();
        let mut rest = bytes.as_slice();
        for cut in cuts.iter().cycle() {
            if rest.is_empty() { break }
            let (read, behind) = rest.split_at((*cut).min(rest.len()));
            terminal.write(read);
            rest = behind;
        }
        prop_assert_eq!(terminal.take(), at_once(&bytes));
    }

    /// Any bytes at all: it never panics, and in the end the keyboard works.
    #[test]
    fn any_bytes_leave_a_working_keyboard(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let mut terminal = Terminal::new();
        terminal.write(&bytes);
        terminal.take();
        // The longest that a cut report takes with it.
        for _ in 0..3 {
            terminal.write(b"q");
            terminal.take();
        }
        terminal.write(b"q");
        prop_assert_eq!(terminal.take(), [plain(KeyCode::Char('q'))]);
    }
}

/// A dashboard with an open question, a dead agent and a ready card, in every place that takes keys.
fn places() -> Vec<(&'static str, State)> {
    let now = Timestamp::from_millisecond(samples::NOW.0).unwrap();
    let mut state = State::new(Size { width: 120, height: 40 }, now);
    let mut snapshot = (*samples::snapshot()).clone();
    for row in &mut snapshot.agents {
        let mut asks = (**row).clone();
        asks.question = Some(Label::new("Deploy it?"));
        *row = Arc::new(asks);
    }
    update(&mut state, Event::Snapshot(Arc::new(snapshot)));
    update(&mut state, Event::Board(samples::board([3, 4, 3, 1, 9]), now));
    let after = |keys: &str| {
        let mut state = state.clone();
        for c in keys.chars() {
            act(&mut state, Typed::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE)));
        }
        state
    };
    vec![
        ("Fleet", after("")),
        ("Board", after("3")),
        ("message box", after("s")),
        ("stop dialog", after("X")),
        ("approve dialog", after("A")),
        ("complete dialog", after("3x")),
        ("form", after("3n")),
        ("menu", after("3c")),
        ("palette", after(":")),
        ("filter", after("/")),
        ("help", after("?")),
    ]
}

/// Takes what was typed after a frame on which all was to be seen: nothing protects it but the decoder.
fn act(state: &mut State, typed: Typed) -> Vec<Effect> {
    update(state, Event::Drawn(samples::DRAWN));
    match typed {
        Typed::Key(key) => update(state, Event::Key(key)),
        Typed::Paste(text) => update(state, Event::Paste(text)),
        Typed::Stalled => update(state, Event::PasteStalled),
        Typed::Mouse(_) | Typed::Ground { .. } | Typed::Well => Vec::new(),
    }
}

/// Whether an effect reaches outside of the screen.
fn reaches_out(effect: &Effect) -> bool {
    matches!(effect, Effect::Run { .. } | Effect::Attach(_) | Effect::Editor(_) | Effect::Quit | Effect::Suspend)
}

#[test]
fn in_no_place_does_anything_act_that_is_no_key() {
    let pastes: [&[u8]; 2] = [b"\x1b[200~XySAycy\x1b[201~", b"\x1b[200~XySAycy\ry\ry\x1b[201~"];
    let no_keys: Vec<_> = NO_KEYS.iter().flat_map(|bytes| outcomes(bytes)).collect();
    let pastes: Vec<_> = pastes.iter().flat_map(|bytes| outcomes(bytes)).collect();
    let keys: Vec<_> = keys().iter().flat_map(|(bytes, _)| outcomes(bytes)).collect();
    for (place, state) in places() {
        let acted = |typed: &[Typed]| {
            let mut now = state.clone();
            let effects: Vec<Effect> = typed.iter().flat_map(|typed| act(&mut now, typed.clone())).collect();
            (now, effects)
        };
        for (what, typed) in &no_keys {
            let (now, effects) = acted(typed);
            assert!(!effects.iter().any(reaches_out), "{place}, {what}: {effects:?}");
            if typed.is_empty() {
                assert_eq!((&now.overlay, now.screen, &now.selected), (&state.overlay, state.screen, &state.selected));
            }
            assert!(now.overlay.is_none() || now.overlay == state.overlay || place == "form", "{place}, {what}");
        }
        for (what, typed) in &pastes {
            let (_, effects) = acted(typed);
            assert!(!effects.iter().any(reaches_out), "{place}, {what}: {effects:?}");
        }
        for (what, typed) in &keys {
            let (_, effects) = acted(typed);
            let enters = what.contains("OM") || what.contains("[13;") || what.contains("120;2u");
            assert!(enters || !effects.iter().any(reaches_out), "{place}, {what}: {effects:?}");
        }
    }
}
