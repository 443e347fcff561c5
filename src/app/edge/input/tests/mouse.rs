//! The mouse: what it says is heard, its noise is nothing, and neither is a key.

use std::time::Duration;

use super::*;
use crate::app::edge::input::mouse::{Did, Mouse};

/// Noise of a mouse: what it sends when it is moved, dragged and pressed in other ways, and reports that are broken.
const NOISE: &[&[u8]] = &[
    b"\x1b[<35;10;5M",
    b"\x1b[<32;10;5M",
    b"\x1b[<0;10;5m",
    b"\x1b[<2;10;5M",
    b"\x1b[<4;10;5M",
    b"\x1b[<66;10;5M",
    b"\x1b[<0;0;5M",
    b"\x1b[<0;99999;5M",
    b"\x1b[<0;1M",
    b"\x1b[<0;1;2;3M",
    b"\x1b[<M",
    b"\x1b[<0;;M",
    b"\x1b[<0:1;2;3M",
    b"\x1b[<0;1;2X",
    b"\x1b[<0;1;2?M",
    b"\x1b[<1111111111111111111111111111111111111111111111111;2;3M",
];

#[test]
fn a_mouse_is_heard_however_it_is_cut_and_its_noise_is_nothing() {
    let all = |bytes: &[u8], pause: Duration| {
        let mut terminal = Terminal::new();
        for byte in bytes {
            terminal.write(&[*byte]);
            terminal.wait(pause);
        }
        terminal.wait(LONG);
        terminal.typed
    };
    let said = |did, column, row| Typed::Mouse(Mouse { did, column, row });
    for (bytes, want) in [
        (&b"\x1b[<0;10;5M"[..], said(Did::Press, 9, 4)),
        (b"\x1b[<64;1;1M", said(Did::WheelUp, 0, 0)),
        (b"\x1b[<65;300;100M", said(Did::WheelDown, 299, 99)),
    ] {
        for pause in [Duration::ZERO, WAIT / 2] {
            assert_eq!(all(bytes, pause), std::slice::from_ref(&want), "{}", bytes.escape_ascii());
        }
        in_every_cut(bytes, |what, typed| assert_eq!(without_esc(typed), [], "{what}"));
    }
    for noise in NOISE {
        assert_eq!(all(noise, Duration::ZERO), [], "{}", noise.escape_ascii());
        in_every_cut(noise, |what, typed| assert_eq!(without_esc(typed), [], "{what}"));
        let mut typed = [*noise, b"j"].concat();
        typed.push(b'\r');
        assert_eq!(at_once(&typed), [plain(KeyCode::Char('j')), plain(KeyCode::Enter)], "{}", noise.escape_ascii());
    }
    // Ctrl-C works in the middle of one.
    assert_eq!(at_once(b"\x1b[<0;1\x03"), [key(KeyCode::Char('c'), KeyModifiers::CONTROL)]);
}
