//! A theme's colours: read from its file, and brought to what the terminal can show.

use std::sync::OnceLock;

use ratatui::style::Color;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

/// How many colours a terminal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// None: bold, faint and reversed have to do.
    None,
    /// Its own sixteen.
    Sixteen,
    /// xterm's 256.
    Indexed,
    /// All.
    Full,
}

/// The colour of each role. Text that has no role is the terminal's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Palette {
    /// The ground that the others stand on; never painted.
    #[serde(deserialize_with = "color")]
    pub background: Color,
    /// Plain text.
    #[serde(deserialize_with = "color")]
    pub text: Color,
    /// Less important text.
    #[serde(deserialize_with = "color")]
    pub muted: Color,
    /// What is hardly to be seen: what lies behind a popup, empty cells of a strip.
    #[serde(deserialize_with = "color")]
    pub faint: Color,
    /// The one colour of what is selected and of keys.
    #[serde(deserialize_with = "color")]
    pub accent: Color,
    /// Ground of the selected row.
    #[serde(deserialize_with = "color")]
    pub surface: Color,
    /// Ground of a popup.
    #[serde(deserialize_with = "color")]
    pub raised: Color,
    /// Edges of panels.
    #[serde(deserialize_with = "color")]
    pub border: Color,
    /// Waits for a person.
    #[serde(deserialize_with = "color")]
    pub stuck: Color,
    /// No process.
    #[serde(deserialize_with = "color")]
    pub dead: Color,
    /// No heartbeat.
    #[serde(deserialize_with = "color")]
    pub stale: Color,
    /// No proof of anything.
    #[serde(deserialize_with = "color")]
    pub unknown: Color,
    /// Idle.
    #[serde(deserialize_with = "color")]
    pub available: Color,
    /// At work.
    #[serde(deserialize_with = "color")]
    pub working: Color,
    /// A warning.
    #[serde(deserialize_with = "color")]
    pub warning: Color,
}

/// The themes that ship, by name.
pub const SHIPPED: [(&str, &str); 5] = [
    ("dark", include_str!("../../../assets/themes/dark.yaml")),
    ("light", include_str!("../../../assets/themes/light.yaml")),
    ("high-contrast", include_str!("../../../assets/themes/high-contrast.yaml")),
    ("colour-blind", include_str!("../../../assets/themes/colour-blind.yaml")),
    (SIXTEEN, include_str!("../../../assets/themes/terminal16.yaml")),
];

/// The theme of the terminal's own colours.
pub const SIXTEEN: &str = "terminal16";

impl Palette {
    /// Reads the text of a theme's file.
    ///
    /// # Errors
    /// The line and what is wrong there, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        serde_yaml::from_str(text)
            .map_err(|error| crate::plain::plain_words(&error.to_string(), crate::plain::Notation::Yaml))
    }

    /// A theme that ships; none of another name.
    #[must_use]
    pub fn shipped(name: &str) -> Option<Self> {
        // Each is read once, when it is first wanted.
        static READ: [OnceLock<Option<Palette>>; SHIPPED.len()] = [const { OnceLock::new() }; SHIPPED.len()];
        let at = SHIPPED.iter().position(|(of, _)| *of == name)?;
        // A test reads them all, so that none that ships is broken.
        *READ[at].get_or_init(|| Palette::parse(SHIPPED[at].1).ok())
    }

    /// No colour at all.
    #[must_use]
    pub const fn plain() -> Self {
        const NO: Color = Color::Reset;
        Self {
            background: NO,
            text: NO,
            muted: NO,
            faint: NO,
            accent: NO,
            surface: NO,
            raised: NO,
            border: NO,
            stuck: NO,
            dead: NO,
            stale: NO,
            unknown: NO,
            available: NO,
            working: NO,
            warning: NO,
        }
    }

    /// The same in colours that the terminal has. Where it has sixteen, a colour that is none of them becomes the one
    /// that the role has in [`SIXTEEN`].
    #[must_use]
    pub fn on(self, depth: Depth) -> Self {
        match depth {
            Depth::None => Self::plain(),
            Depth::Full => self,
            Depth::Indexed => self.map(Self::plain(), |color, _| match color {
                Color::Rgb(red, green, blue) => Color::Indexed(nearest(red, green, blue)),
                other => other,
            }),
            Depth::Sixteen => self.map(Self::shipped(SIXTEEN).unwrap_or(Self::plain()), |color, sixteen| match color {
                // The first sixteen are the terminal's own and stay as the theme chose them.
                Color::Rgb(..) | Color::Indexed(16..) => sixteen,
                other => other,
            }),
        }
    }

    fn map(self, other: Self, to: impl Fn(Color, Color) -> Color) -> Self {
        Self {
            background: to(self.background, other.background),
            text: to(self.text, other.text),
            muted: to(self.muted, other.muted),
            faint: to(self.faint, other.faint),
            accent: to(self.accent, other.accent),
            surface: to(self.surface, other.surface),
            raised: to(self.raised, other.raised),
            border: to(self.border, other.border),
            stuck: to(self.stuck, other.stuck),
            dead: to(self.dead, other.dead),
            stale: to(self.stale, other.stale),
            unknown: to(self.unknown, other.unknown),
            available: to(self.available, other.available),
            working: to(self.working, other.working),
            warning: to(self.warning, other.warning),
        }
    }
}

/// A colour as a file writes it.
fn color<'de, D: Deserializer<'de>>(from: D) -> Result<Color, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Number(u64),
        Text(String),
    }
    let allowed = "allowed are \"#rrggbb\", a number from 0 to 255, `default`, and the names of the 16 colours, such as \
                   `bright-blue`";
    // An untagged enum's own message speaks of variants.
    match Written::deserialize(from).map_err(|_| D::Error::custom(format!("this is no colour; {allowed}")))? {
        Written::Number(number) => u8::try_from(number)
            .map(Color::Indexed)
            .map_err(|_| D::Error::custom(format!("{number} is no colour; {allowed}"))),
        Written::Text(text) => hexadecimal(&text)
            .or_else(|| named(&text))
            .ok_or_else(|| D::Error::custom(format!("{} is no colour; {allowed}", crate::plain::quoted(&text)))),
    }
}

fn hexadecimal(text: &str) -> Option<Color> {
    let digits = text
        .strip_prefix('#')
        .filter(|digits| digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
    let part = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    Some(Color::Rgb(part(0)?, part(2)?, part(4)?))
}

/// The names are those of xterm; dark blue is not among them, since nobody can read it on black.
fn named(text: &str) -> Option<Color> {
    Some(match text {
        "default" => Color::Reset,
        "black" => Color::Black,
        "red" => Color::Red,
        "green" => Color::Green,
        "yellow" => Color::Yellow,
        "blue" => Color::Blue,
        "magenta" => Color::Magenta,
        "cyan" => Color::Cyan,
        "white" => Color::Gray,
        "bright-black" => Color::DarkGray,
        "bright-red" => Color::LightRed,
        "bright-green" => Color::LightGreen,
        "bright-yellow" => Color::LightYellow,
        "bright-blue" => Color::LightBlue,
        "bright-magenta" => Color::LightMagenta,
        "bright-cyan" => Color::LightCyan,
        "bright-white" => Color::White,
        _ => return None,
    })
}

/// The nearest of xterm's 256 colours, among the cube and the greys: the first sixteen are the user's own.
fn nearest(red: u8, green: u8, blue: u8) -> u8 {
    const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let level = |value: u8| (0_u8..6).min_by_key(|at| LEVELS[usize::from(*at)].abs_diff(value)).unwrap_or(0);
    let (r, g, b) = (level(red), level(green), level(blue));
    let cube = [r, g, b].map(|at| LEVELS[usize::from(at)]);
    let mean = (u16::from(red) + u16::from(green) + u16::from(blue)) / 3;
    // The greys go from 8 in steps of 10; half a step less rounds to the nearest.
    let step = (mean.saturating_sub(3) / 10).min(23);
    let grey = u8::try_from(8 + step * 10).unwrap_or(238);
    let far = |of: [u8; 3]| -> u32 {
        let apart = |a: u8, b: u8| u32::from(a.abs_diff(b)).pow(2);
        apart(of[0], red) + apart(of[1], green) + apart(of[2], blue)
    };
    if far([grey; 3]) < far(cube) { u8::try_from(232 + step).unwrap_or(255) } else { 16 + 36 * r + 6 * g + b }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance as WCAG 2 computes it.
    fn luminance(color: Color) -> f64 {
        let Color::Rgb(red, green, blue) = color else { panic!("{color:?} is no colour of its own") };
        let linear = |value: u8| {
            let part = f64::from(value) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
    }

    fn contrast(one: Color, other: Color) -> f64 {
        let (a, b) = (luminance(one), luminance(other));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn every_theme_that_ships_is_read() {
        for (name, text) in SHIPPED {
            Palette::parse(text).unwrap_or_else(|why| panic!("{name}: {why}"));
        }
    }

    #[test]
    fn every_role_can_be_read_on_every_ground_that_it_stands_on() {
        for (name, text) in SHIPPED.iter().filter(|(name, _)| *name != SIXTEEN) {
            let theme = Palette::parse(text).unwrap();
            let least = if *name == "high-contrast" { 7.0 } else { 4.5 };
            let extreme =
                if luminance(theme.background) < 0.5 { Color::Rgb(0, 0, 0) } else { Color::Rgb(255, 255, 255) };
            for ground in [extreme, theme.background, theme.surface, theme.raised] {
                let texts = [
                    ("text", theme.text),
                    ("muted", theme.muted),
                    ("accent", theme.accent),
                    ("stuck", theme.stuck),
                    ("dead", theme.dead),
                    ("stale", theme.stale),
                    ("unknown", theme.unknown),
                    ("available", theme.available),
                    ("working", theme.working),
                    ("warning", theme.warning),
                ];
                for (role, color) in texts {
                    let ratio = contrast(color, ground);
                    assert!(ratio >= least, "{name}: {role} has {ratio:.2} on {ground:?}, wanted are {least}");
                }
            }
            for (role, color) in [("faint", theme.faint), ("border", theme.border)] {
                for ground in [extreme, theme.background] {
                    let ratio = contrast(color, ground);
                    assert!(ratio >= 3.0, "{name}: {role} has {ratio:.2} on {ground:?}");
                }
            }
        }
    }

    #[test]
    fn a_terminal_gets_only_colours_that_it_has() {
        for (name, text) in SHIPPED {
            let theme = Palette::parse(text).unwrap();
            let few = |depth: Depth| {
                theme.on(depth).map(Palette::plain(), |color, _| {
                    let fits = match depth {
                        Depth::None => color == Color::Reset,
                        Depth::Sixteen => !matches!(color, Color::Rgb(..) | Color::Indexed(16..)),
                        Depth::Indexed => !matches!(color, Color::Rgb(..)),
                        Depth::Full => true,
                    };
                    assert!(fits, "{name} at {depth:?}: {color:?}");
                    // On black nobody can read the terminal's dark blue.
                    assert_ne!(color, Color::Blue, "{name} at {depth:?}");
                    color
                });
            };
            [Depth::None, Depth::Sixteen, Depth::Indexed, Depth::Full].into_iter().for_each(few);
        }
    }

    #[test]
    fn a_wrong_theme_is_told_with_its_place() {
        let right = SHIPPED[0].1;
        for (wrong, tells) in [
            (right.replace("accent: \"#7aa2f7\"", "accent: \"#7aa2f\""), "\"#7aa2f\" is no colour"),
            // A sign, which numbers may have.
            (right.replace("accent: \"#7aa2f7\"", "accent: \"#+1+2+3\""), "\"#+1+2+3\" is no colour"),
            (right.replace("accent: \"#7aa2f7\"", "accent: 256"), "256 is no colour"),
            (right.replace("accent: \"#7aa2f7\"", "accent: bluish"), "\"bluish\" is no colour"),
            (right.replace("accent:", "acent:"), "acent"),
            (right.replace("accent: \"#7aa2f7\"", ""), "accent"),
        ] {
            let why = Palette::parse(&wrong).unwrap_err();
            assert!(why.contains(tells), "{why}");
        }
    }

    #[test]
    fn the_nearest_colour_is_near() {
        assert_eq!(nearest(0, 0, 0), 16);
        assert_eq!(nearest(255, 255, 255), 231);
        assert_eq!(nearest(255, 0, 0), 196);
        assert_eq!(nearest(128, 128, 128), 244);
    }
}
