//! The stub's face: who it is, the conversation, what it is at, and the prompt line.

use std::time::Instant;

use ratatui::buffer::Buffer;
use ratatui::layout::Position;
use ratatui::style::{Color, Modifier, Style};

use super::agent::{Agent, Doing, Voice};
use crate::ui::text;
use crate::ui::theme::Theme;

/// Rows below the conversation: status, rule, prompt, rule, hint.
const BOTTOM_ROWS: u16 = 5;

/// Columns of the progress bar.
const BAR: u16 = 24;

/// Draws it; where the cursor is.
pub(super) fn draw(buffer: &mut Buffer, agent: &Agent, theme: Theme) -> Option<Position> {
    let area = buffer.area;
    if area.width < 10 || area.height < BOTTOM_ROWS + 2 {
        return None;
    }
    let color = |color: Color| if theme.has_color() { Style::new().fg(color) } else { Style::new() };
    let width = usize::from(area.width);
    let mut put = |x: u16, y: u16, what: &str, style: Style| {
        buffer.set_stringn(x, y, theme.text(what), usize::from(area.width.saturating_sub(x)), style);
    };
    let who = format!(" {}  {}  {} ", agent.identity.name, agent.identity.class, agent.identity.model);
    put(0, 0, &text::column(&who, width), color(Color::Cyan).add_modifier(Modifier::REVERSED));

    let rows = usize::from(area.height.saturating_sub(BOTTOM_ROWS + 2));
    let lines = conversation(agent, width.saturating_sub(3), rows);
    for (y, (voice, line)) in (2_u16..).zip(&lines) {
        let (mark, style) = match voice {
            Voice::Agent => ("  ", Style::new()),
            Voice::User => ("> ", color(Color::Green).add_modifier(Modifier::BOLD)),
            Voice::Note => ("  ", Style::new().add_modifier(Modifier::DIM)),
        };
        put(0, y, mark, style);
        put(2, y, line, style);
    }

    let bottom = area.height.saturating_sub(BOTTOM_ROWS);
    let (status, style) = status_line(agent, &color);
    put(0, bottom, &status, style);
    let rule = theme.rule().repeat(width);
    put(0, bottom + 1, &rule, Style::new().add_modifier(Modifier::DIM));
    let draft = agent.shown_draft();
    put(0, bottom + 2, "> ", color(Color::Green).add_modifier(Modifier::BOLD));
    let shown = text::fit_end(&draft, width.saturating_sub(3));
    if draft.is_empty() {
        put(2, bottom + 2, "type a message", Style::new().add_modifier(Modifier::DIM));
    } else {
        put(2, bottom + 2, shown, Style::new());
    }
    put(0, bottom + 3, &rule, Style::new().add_modifier(Modifier::DIM));
    let hint = if draft.is_empty() { "Enter sends  /help" } else { "draft: Enter sends it, Ctrl-U clears it" };
    put(0, bottom + 4, hint, Style::new().add_modifier(Modifier::DIM));
    let cursor = 2 + u16::try_from(text::width(shown)).unwrap_or(0);
    Some(Position::new(cursor.min(area.width - 1), bottom + 2))
}

/// The last rows of the conversation. Only what may be shown is broken into lines.
fn conversation(agent: &Agent, width: usize, rows: usize) -> Vec<(Voice, String)> {
    let mut shown = Vec::new();
    for (voice, line) in agent.lines.iter().rev() {
        let parts = text::wrap(text::ending(line, width.saturating_mul(rows)), width);
        shown.extend(parts.into_iter().rev().map(|part| (*voice, part)));
        if shown.len() >= rows {
            break;
        }
    }
    shown.truncate(rows);
    shown.reverse();
    shown
}

fn status_line(agent: &Agent, color: &impl Fn(Color) -> Style) -> (String, Style) {
    match &agent.doing {
        Doing::Idle | Doing::Resting(_) => ("  idle".to_owned(), Style::new().add_modifier(Modifier::DIM)),
        Doing::Asking(question) => (format!("? {question}"), color(Color::Magenta).add_modifier(Modifier::BOLD)),
        Doing::Working { what, from, until } => {
            let waiting = match agent.waiting() {
                0 => String::new(),
                messages => format!("{messages} waiting, "),
            };
            (format!("* {waiting}working {} {what}", bar(agent.now, *from, *until)), color(Color::LightBlue))
        }
    }
}

fn bar(now: Instant, from: Instant, until: Instant) -> String {
    let whole = until.duration_since(from).as_secs_f64().max(0.001);
    let share = (now.saturating_duration_since(from).as_secs_f64() / whole).clamp(0.0, 1.0);
    let full = (share * f64::from(BAR)).round();
    let cells: String = (0..BAR).map(|cell| if f64::from(cell) < full { '#' } else { '.' }).collect();
    let left = until.saturating_duration_since(now).as_secs();
    format!("[{cells}] {left}s left")
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use ratatui::layout::Rect;

    use super::*;
    use crate::app::stub::agent::Identity;
    use crate::app::stub::script::Script;

    #[test]
    fn no_size_makes_it_panic() {
        let identity = Identity { name: "a".into(), class: "code".into(), model: "m".into() };
        let mut agent = Agent::new(identity, Script::parse("work 10").unwrap(), Instant::now());
        agent.advance(Instant::now());
        agent.paste(&"日本 long draft ".repeat(50));
        for width in 1..40 {
            for height in 1..20 {
                draw(&mut Buffer::empty(Rect::new(0, 0, width, height)), &agent, Theme::default());
            }
        }
    }
}
