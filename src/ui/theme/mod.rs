//! Styles for roles, and the glyphs. State is told by glyph and word; colour only adds to them.

mod palette;

use std::borrow::Cow;

use ratatui::style::{Color, Modifier, Style};

pub use palette::{Depth, Palette, SHIPPED, SIXTEEN};

use super::view::Role;
use crate::backlog::model::Column;
use crate::fleet::model::{Readiness, Shown};

/// The variable that names a theme.
pub const THEME: &str = "MOSAIC_THEME";

/// How a frame looks on this terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    /// How many colours the terminal shows.
    pub depth: Depth,
    /// Whether the terminal shows UTF-8.
    pub unicode: bool,
    palette: Palette,
}

impl Default for Theme {
    /// The dark theme in all colours.
    fn default() -> Self {
        Self::new("dark", Depth::Full, true)
    }
}

impl Theme {
    /// Returns a theme that ships, in colours that a terminal has; of an unknown name the terminal's own sixteen.
    #[must_use]
    pub fn new(name: &str, depth: Depth, unicode: bool) -> Self {
        let palette = Palette::shipped(name).or_else(|| Palette::shipped(SIXTEEN)).unwrap_or(Palette::plain());
        Self { depth, unicode, palette: palette.on(depth) }
    }

    /// Returns a theme of these colours, as far as a terminal has them.
    #[must_use]
    pub fn of(palette: Palette, depth: Depth, unicode: bool) -> Self {
        Self { depth, unicode, palette: palette.on(depth) }
    }

    /// Returns a theme without colours.
    #[must_use]
    pub const fn plain(unicode: bool) -> Self {
        Self { depth: Depth::None, unicode, palette: Palette::plain() }
    }

    /// Reads what the terminal can do from its environment (see locale(7), no-color.org): nobody is asked.
    #[must_use]
    pub fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let locale =
            // The order is that of setlocale(3): the first that is set counts, even if a later one says otherwise.
            set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG")).unwrap_or_default().to_lowercase();
        let unicode = locale.contains("utf-8") || locale.contains("utf8");
        let name = set(THEME).unwrap_or_else(|| "dark".to_owned());
        Self::new(&name, depth(set), unicode)
    }

    /// Returns the same on a ground that the terminal told: light, or dark.
    #[must_use]
    pub fn on_ground(self, light: bool) -> Self {
        Self::new(if light { "light" } else { "dark" }, self.depth, self.unicode)
    }

    /// Returns whether there are colours.
    #[must_use]
    pub fn has_color(self) -> bool {
        self.depth > Depth::None
    }

    /// Returns the colours of text and ground that it is made for. They are never painted: a picture needs them.
    #[must_use]
    pub fn ground(self) -> (Color, Color) {
        (self.palette.text, self.palette.background)
    }

    /// Returns the style of a role.
    #[must_use]
    pub fn style(self, role: Role) -> Style {
        let plain = Style::new();
        let emphasis = match role {
            Role::Strong | Role::Marked | Role::Alarm => plain.add_modifier(Modifier::BOLD),
            Role::Found => plain.add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
            Role::State(Readiness::Stuck | Readiness::Dead | Readiness::Stale) => plain.add_modifier(Modifier::BOLD),
            Role::Cursor => return plain.add_modifier(Modifier::REVERSED),
            Role::Plain
            | Role::Quiet
            | Role::Faint
            | Role::Accent
            | Role::Warning
            | Role::Good
            | Role::Added
            | Role::Removed
            | Role::State(_)
            | Role::Lane(_) => plain,
        };
        // Without colours the attributes have to tell the roles apart, so there are more of them.
        if !self.has_color() {
            return match role {
                Role::Quiet | Role::Faint | Role::Removed | Role::Lane(Column::Done) => {
                    plain.add_modifier(Modifier::DIM)
                }
                Role::Warning | Role::Accent | Role::Added => plain.add_modifier(Modifier::BOLD),
                Role::Plain
                | Role::Strong
                | Role::Marked
                | Role::Alarm
                | Role::Good
                | Role::Found
                | Role::State(_)
                | Role::Lane(_)
                | Role::Cursor => emphasis,
            };
        }
        let colors = &self.palette;
        emphasis.fg(match role {
            Role::Plain | Role::Strong | Role::Marked | Role::Cursor => colors.text,
            Role::Quiet | Role::Lane(Column::Done | Column::Waiting) => colors.muted,
            Role::Faint => colors.faint,
            Role::Accent => colors.accent,
            Role::Alarm | Role::State(Readiness::Stuck) => colors.stuck,
            Role::Warning | Role::Found | Role::Lane(Column::Blocked) => colors.warning,
            Role::Good | Role::Added | Role::State(Readiness::Available) | Role::Lane(Column::Ready) => {
                colors.available
            }
            Role::Removed | Role::State(Readiness::Dead) => colors.dead,
            Role::State(Readiness::Stale) => colors.stale,
            Role::State(Readiness::Unknown) => colors.unknown,
            Role::State(Readiness::Working) | Role::Lane(Column::Claimed) => colors.working,
        })
    }

    /// Returns what the selected row has over its cells' own styles: a quiet ground, or where there are no colours the
    /// exchanged ones.
    #[must_use]
    pub fn selection(self) -> Style {
        match self.depth {
            Depth::None => Style::new().add_modifier(Modifier::REVERSED),
            Depth::Sixteen | Depth::Indexed | Depth::Full => Style::new().bg(self.palette.surface),
        }
    }

    /// Returns the ground of a title that nothing else sets apart.
    #[must_use]
    pub fn band(self) -> Style {
        Style::new().bg(self.palette.surface)
    }

    /// Returns the style of the chosen one of several buttons or tabs.
    #[must_use]
    pub fn chosen(self) -> Style {
        match self.depth {
            Depth::None => Style::new().add_modifier(Modifier::REVERSED),
            // Of sixteen colours none is sure to be a quiet ground on the user's own background.
            Depth::Sixteen => self.style(Role::Accent).add_modifier(Modifier::REVERSED),
            Depth::Indexed | Depth::Full => {
                self.style(Role::Accent).bg(self.palette.surface).add_modifier(Modifier::BOLD)
            }
        }
    }

    /// Returns the ground of a popup.
    #[must_use]
    pub fn raised(self) -> Style {
        Style::new().bg(self.palette.raised)
    }

    /// Returns the style of a panel's edge.
    #[must_use]
    pub fn edge(self, focused: bool) -> Style {
        match (self.depth, focused) {
            (Depth::None, true) => Style::new(),
            (Depth::None, false) => Style::new().add_modifier(Modifier::DIM),
            (_, true) => Style::new().fg(self.palette.accent),
            (_, false) => Style::new().fg(self.palette.border),
        }
    }

    /// Returns the style of everything behind a popup.
    #[must_use]
    pub fn behind(self) -> Style {
        // Reversed is what stands out most where there are few colours: of the popup's own marks there has to be one only.
        let loud = Modifier::BOLD | Modifier::REVERSED;
        match self.depth {
            // In many terminals bold wins over faint, and would stand out behind the popup.
            Depth::None => Style::new().add_modifier(Modifier::DIM).remove_modifier(loud),
            // And no ground: that of the selected row would be the brightest thing beside the popup.
            Depth::Sixteen | Depth::Indexed | Depth::Full => {
                Style::new().fg(self.palette.faint).bg(Color::Reset).remove_modifier(loud)
            }
        }
    }

    /// Returns the mark in front of a selected row.
    #[must_use]
    pub fn selected(self) -> &'static str {
        if self.unicode { "\u{258c}" } else { ">" }
    }

    /// Returns the lines and corners of a panel.
    #[must_use]
    pub fn frame(self) -> Frame {
        if self.unicode { ROUNDED } else { ASCII }
    }

    /// Returns the glyph of a state, as this terminal shows it.
    #[must_use]
    pub fn glyph(self, shown: impl Into<Shown>) -> &'static str {
        let shown = shown.into();
        if self.unicode {
            return glyph(shown);
        }
        let (Shown::Is(readiness) | Shown::Unmanaged(readiness)) = shown else { return "-" };
        match readiness {
            Readiness::Stuck => "!",
            Readiness::Dead => "x",
            Readiness::Stale => "~",
            Readiness::Unknown => "?",
            Readiness::Available => "o",
            Readiness::Working => "*",
        }
    }

    /// Returns a horizontal rule's character.
    #[must_use]
    pub fn rule(self) -> &'static str {
        if self.unicode { "─" } else { "-" }
    }

    /// Returns a vertical rule's character.
    #[must_use]
    pub fn bar(self) -> &'static str {
        if self.unicode { "│" } else { "|" }
    }

    /// Returns the part of a vertical rule that stands for what is on the screen.
    #[must_use]
    pub fn thumb(self) -> &'static str {
        if self.unicode { "\u{2590}" } else { "#" }
    }

    /// Returns the mark of a row whose state changed unseen.
    #[must_use]
    pub fn unread(self) -> &'static str {
        if self.unicode { "•" } else { "+" }
    }

    /// Returns the mark of a row that the operator marked.
    #[must_use]
    pub fn marked(self) -> &'static str {
        if self.unicode { "\u{25a0}" } else { "#" }
    }

    /// The mark of a row of which nothing is told for a while.
    pub const SNOOZED: &'static str = "z";

    /// Returns the mark of a column whose largest comes first.
    #[must_use]
    pub fn falls(self) -> &'static str {
        if self.unicode { "\u{25be}" } else { "v" }
    }

    /// Returns the mark of a column whose smallest comes first.
    #[must_use]
    pub fn rises(self) -> &'static str {
        if self.unicode { "\u{25b4}" } else { "^" }
    }

    /// Returns the mark of something that is missing.
    #[must_use]
    pub fn ellipsis(self) -> &'static str {
        if self.unicode { "\u{2026}" } else { "~" }
    }

    /// Replaces what the terminal cannot show.
    #[must_use]
    pub fn text(self, text: &str) -> Cow<'_, str> {
        if self.unicode || text.is_ascii() {
            return Cow::Borrowed(text);
        }
        Cow::Owned(text.chars().map(in_ascii).collect())
    }

    /// Replaces the text of one cell by what the terminal can show in one.
    #[must_use]
    pub fn symbol<'a>(self, cell: &'a str, buffer: &'a mut [u8; 4]) -> &'a str {
        match cell.chars().next() {
            // A cell is one column, whatever it holds: its first character stands for it, and marks are dropped.
            Some(c) if !self.unicode && !cell.is_ascii() => in_ascii(c).encode_utf8(buffer),
            _ => cell,
        }
    }
}

/// Returns the role of a state: what is nobody's trouble has no colour of its own.
#[must_use]
pub fn role(shown: Shown) -> Role {
    match shown {
        Shown::Is(readiness) => Role::State(readiness),
        Shown::Stopped | Shown::Unmanaged(_) => Role::Quiet,
    }
}

/// Returns the glyph of a state: each has a shape of its own.
#[must_use]
pub fn glyph(shown: impl Into<Shown>) -> &'static str {
    let (Shown::Is(readiness) | Shown::Unmanaged(readiness)) = shown.into() else { return "\u{25a1}" };
    match readiness {
        Readiness::Stuck => "\u{25c6}",
        Readiness::Dead => "\u{2717}",
        Readiness::Stale => "\u{25cc}",
        Readiness::Unknown => "?",
        Readiness::Available => "\u{25cb}",
        Readiness::Working => "\u{25cf}",
    }
}

/// What the edges of a panel are drawn with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// Top left, top right, bottom left, bottom right.
    pub corners: [&'static str; 4],
    /// Where an edge meets a line between two parts: left, right, from above, from below.
    pub joints: [&'static str; 4],
}

const ROUNDED: Frame = Frame {
    corners: ["\u{256d}", "\u{256e}", "\u{2570}", "\u{256f}"],
    joints: ["\u{251c}", "\u{2524}", "\u{252c}", "\u{2534}"],
};

const ASCII: Frame = Frame { corners: ["+"; 4], joints: ["+"; 4] };

/// Returns how many colours a terminal has, by what its environment says of it.
fn depth(set: impl Fn(&str) -> Option<String>) -> Depth {
    let term = set("TERM").unwrap_or_default();
    // The user's word comes before what the terminal can do.
    if set("NO_COLOR").is_some() || term == "dumb" {
        return Depth::None;
    }
    let all = matches!(set("COLORTERM").as_deref(), Some("truecolor" | "24bit"));
    // Terminals that have all colours, and whose COLORTERM is lost behind ssh.
    let known = ["-direct", "kitty", "ghostty", "alacritty", "wezterm", "foot", "contour"];
    if all || known.iter().any(|name| term.contains(name)) {
        return Depth::Full;
    }
    if term.contains("256") { Depth::Indexed } else { Depth::Sixteen }
}

/// Returns the nearest character that every terminal shows.
fn in_ascii(c: char) -> char {
    match c {
        '\u{2026}' => '~',
        '\u{b7}' => '.',
        '\u{a0}' => ' ',
        '\u{2018}' | '\u{2019}' => '\'',
        '\u{201c}' | '\u{201d}' => '"',
        '\u{2500}'..='\u{257f}' => line_in_ascii(c),
        '\u{2010}'..='\u{2015}' => '-',
        '\u{2022}' => '+',
        '\u{2190}' | '\u{2039}' | '\u{23ce}' => '<',
        // One column, as wide as what it stands for: nothing moves for it.
        '\u{2192}' | '\u{203a}' | '\u{276f}' | '\u{25b8}' => '>',
        '\u{2191}' | '\u{25b4}' => '^',
        '\u{2193}' | '\u{25be}' => 'v',
        '\u{21c6}' => '=',
        '\u{d7}' => 'x',
        // From the lowest bar to the highest.
        '\u{2581}' | '\u{2582}' => '_',
        '\u{2583}' | '\u{2584}' => '-',
        '\u{2585}' | '\u{2586}' => '=',
        '\u{2587}' | '\u{2590}' | '\u{25aa}' | '\u{2591}'..='\u{2593}' => '#',
        // What turns or blinks on other programs' screens.
        '\u{2800}' => ' ',
        '\u{2801}'..='\u{28ff}' => '*',
        '\u{25cb}' => 'o',
        '\u{25a1}' => '-',
        '\u{25cf}' => '*',
        '\u{2713}' | '\u{2714}' => 'x',
        '\u{25cc}' => '~',
        '\u{25a0}' => '#',
        '\u{2588}' | '\u{25b0}' => '#',
        '\u{25b1}' => '.',
        '\u{25d0}' => '|',
        '\u{25d3}' => '/',
        '\u{25d1}' => '-',
        '\u{25d2}' => '\\',
        '\u{258c}' => '>',
        '\u{25b2}' | '\u{25c6}' => '!',
        '\u{2717}' => 'x',
        c if c.is_ascii() => c,
        _ => '?',
    }
}

/// Returns what a line or a corner is drawn with where there are no others.
fn line_in_ascii(c: char) -> char {
    match c {
        '\u{2502}' | '\u{2503}' | '\u{2506}' | '\u{2507}' | '\u{250a}' | '\u{250b}' | '\u{254e}' | '\u{254f}'
        | '\u{2551}' | '\u{2575}' | '\u{2577}' | '\u{2579}' | '\u{257b}' | '\u{257d}' | '\u{257f}' => '|',
        '\u{250c}'..='\u{254b}' | '\u{2552}'..='\u{2573}' => '+',
        _ => '-',
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_state_has_a_glyph_of_its_own() {
        for unicode in [true, false] {
            let theme = Theme::plain(unicode);
            let glyphs: HashSet<_> = Shown::COUNTED.iter().map(|state| theme.glyph(*state)).collect();
            assert_eq!(glyphs.len(), Shown::COUNTED.len());
            let shown = |state: &Shown| theme.text(glyph(*state)) == theme.glyph(*state);
            assert!(Shown::COUNTED.iter().all(shown), "one spelling of each");
        }
    }

    #[test]
    fn the_environment_decides() {
        let theme = |pairs: &[(&str, &str)]| {
            Theme::of_environment(|name| pairs.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
        };
        for (pairs, depth, unicode) in [
            (&[("LANG", "C.UTF-8"), ("TERM", "xterm-256color")][..], Depth::Indexed, true),
            (&[("LANG", "C.UTF-8"), ("LC_ALL", "C"), ("TERM", "xterm")][..], Depth::Sixteen, false),
            (&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")][..], Depth::Full, false),
            (&[("TERM", "xterm-kitty")][..], Depth::Full, false),
            (&[("TERM", "linux")][..], Depth::Sixteen, false),
            (&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor"), ("NO_COLOR", "1")][..], Depth::None, false),
            (&[("TERM", "dumb")][..], Depth::None, false),
        ] {
            let theme = theme(pairs);
            assert_eq!((theme.depth, theme.unicode), (depth, unicode), "{pairs:?}");
        }
        assert_eq!(theme(&[("MOSAIC_THEME", "light"), ("TERM", "foot")]), Theme::new("light", Depth::Full, false));
    }

    /// The characters of a source file's own texts that are not ASCII: written as they are, or by their number.
    fn beyond_ascii(source: &str) -> Vec<char> {
        let own = source.split("#[cfg(test)]").next().unwrap_or_default();
        let lines = own.lines().filter(|line| !line.trim_start().starts_with("//"));
        let of = |line: &str| {
            let numbers = line.split("\\u{").skip(1).filter_map(|rest| rest.split('}').next());
            let numbered = numbers.filter_map(|number| char::from_u32(u32::from_str_radix(number, 16).ok()?));
            line.chars().chain(numbered).filter(|c| !c.is_ascii() && !c.is_control()).collect::<Vec<_>>()
        };
        lines.flat_map(of).collect()
    }

    #[test]
    fn each_glyph_of_the_program_has_a_form_in_ascii() {
        let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut folders: Vec<_> =
            ["ui", "app/tui", "app/action", "fleet/activity", "fleet/north_star"].map(|name| source.join(name)).into();
        let mut glyphs = HashSet::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                // What they hold is drawn by other programs, or by nobody.
                if name.contains("test") || name.starts_with("samples") || name.starts_with("gallery") {
                    continue;
                }
                if path.is_dir() {
                    folders.push(path);
                } else if name.ends_with(".rs") {
                    glyphs.extend(beyond_ascii(&std::fs::read_to_string(&path).unwrap()));
                }
            }
        }
        assert!(glyphs.len() > 30, "{glyphs:?}");
        let without: Vec<char> = glyphs.into_iter().filter(|c| in_ascii(*c) == '?').collect();
        assert!(without.is_empty(), "{without:?}");
    }

    #[test]
    fn without_colours_nothing_is_coloured() {
        let theme = Theme::plain(true);
        let states = Readiness::ALL.into_iter().map(Role::State);
        let lanes = Column::ALL.into_iter().map(Role::Lane);
        let others = [Role::Plain, Role::Quiet, Role::Faint, Role::Accent, Role::Strong, Role::Alarm, Role::Warning];
        for role in states.chain(lanes).chain(others) {
            let style = theme.style(role);
            assert_eq!((style.fg, style.bg), (None, None), "{role:?}");
        }
    }
}
