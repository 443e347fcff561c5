//! Letters behind an Esc: which of them are typing, and that each arrives once.

use super::*;

#[test]
fn no_run_of_letters_follows_an_esc_at_once() {
    let mut terminal = Terminal::new();
    terminal.write(b"\x1b");
    terminal.wait(Duration::from_millis(60));
    terminal.write(b"yes");
    terminal.wait(Duration::from_millis(500));
    terminal.write(b"no");
    let letters = ['n', 'o'].map(|c| plain(KeyCode::Char(c)));
    assert_eq!(without_esc(terminal.take()), letters);
}

#[test]
fn what_is_typed_soon_after_an_esc_is_not_swallowed() {
    for text in ["Please", "]x", "P\r", "X\r", "[x", "Off", "O\r", "[\t"] {
        let mut terminal = Terminal::new();
        terminal.write(b"\x1b");
        terminal.wait(Duration::from_millis(200));
        for byte in text.bytes() {
            terminal.write(&[byte]);
            terminal.wait(Duration::from_millis(120));
        }
        let typed = without_esc(terminal.take());
        assert_eq!(typed.len(), text.len(), "{text:?}: {typed:?}");
    }
}

#[test]
fn an_introducer_that_was_told_as_a_letter_is_not_told_again() {
    for introducer in "[OP]".chars() {
        for behind in ["eh", "ez", "é", "ze\r"] {
            let mut terminal = Terminal::new();
            terminal.write(b"\x1b");
            terminal.wait(Duration::from_millis(200));
            terminal.write(&[introducer as u8]);
            terminal.wait(Duration::from_millis(500));
            terminal.write(behind.as_bytes());
            let mut want = at_once(&[introducer as u8]);
            want.extend(at_once(behind.as_bytes()));
            assert_eq!(without_esc(terminal.take()), want, "{introducer} and {behind:?}");
        }
    }
}

proptest! {
    /// However fast or slow letters are typed behind an Esc, and however a link bundles them: none arrives twice.
    #[test]
    fn no_letter_behind_an_esc_arrives_twice(
        reads in prop::collection::vec(("[\\[\\]OPX^_A-Za-e0-9]{1,4}", prop::sample::select(vec![0_u64, 60, 120, 300, 460, 700, 3100])), 1..6),
    ) {
        let mut terminal = Terminal::new();
        terminal.write(b"\x1b");
        terminal.wait(Duration::from_millis(50));
        for (text, pause) in &reads {
            terminal.write(text.as_bytes());
            terminal.wait(Duration::from_millis(*pause));
        }
        let all: String = reads.iter().map(|(text, _)| text.as_str()).collect();
        let mut left = all.chars();
        for typed in terminal.take() {
            if let Typed::Key(KeyEvent { code: KeyCode::Char(c), .. }) = typed {
                prop_assert!(left.any(|typed| typed == c), "{} of {:?} came twice", c, reads);
            }
        }
    }
}
