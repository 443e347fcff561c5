//! The gallery: pictures of every view and popup, of a fleet that is the same each time, in `assets/gallery`. The
//! documentation shows some of them, and a test says when they are out of date; `scripts/gallery` draws them anew.

mod fleet;
mod panes;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::effect::{ActivityAsk, Effect};
use super::event::Event;
use super::present::present;
use super::samples;
use super::state::State;
use super::update::update;
use crate::fleet::activity::Page;
use crate::fleet::model::{Label, Size};
use crate::fleet::pane::Seen;
use crate::ui::draw::draw;
use crate::ui::picture;
use crate::ui::theme::{Depth, Theme};

const SIZES: [Size; 3] =
    [Size { width: 80, height: 24 }, Size { width: 120, height: 36 }, Size { width: 200, height: 50 }];

/// The size at which popups are shown, and the themes beside the four of all views.
const ONE: Size = Size { width: 120, height: 36 };

/// What the whole folder may take: it is cloned with the source.
const MAX_BYTES: usize = 6 << 20;

/// Views by name, and the keys that open them.
const VIEWS: [(&str, &str); 10] = [
    ("fleet", "1"),
    ("wall", "2"),
    ("board", "3"),
    ("activity", "4"),
    ("plots", "4\t"),
    ("org", "5"),
    ("watch", "1\n"),
    ("card", "3l\n"),
    ("goals", "3v"),
    ("diff", "1d"),
];

/// Popups by name, and the keys that open them.
const POPUPS: [(&str, &str); 7] = [
    ("answer", "1A"),
    ("confirm", "1jX"),
    ("explain", "1e"),
    ("help", "1?"),
    ("palette", "1:fleet re"),
    ("send", "1jjs"),
    ("settings", "1,"),
];

/// Themes by the name of their folder.
fn themes() -> [(&'static str, Theme); 6] {
    [
        ("dark", Theme::new("dark", Depth::Full, true)),
        ("light", Theme::new("light", Depth::Full, true)),
        ("sixteen", Theme::new("terminal16", Depth::Sixteen, true)),
        ("none", Theme::plain(true)),
        ("colour-blind", Theme::new("colour-blind", Depth::Full, true)),
        ("high-contrast", Theme::new("high-contrast", Depth::Full, true)),
    ]
}

/// The dashboard after these keys, with all that it asks for answered.
fn dashboard(size: Size, keys: &str, light: bool) -> State {
    let mut state = State::new(size, fleet::now());
    for (rows, at) in fleet::printed() {
        state.output.take(&rows, at);
    }
    let first = [
        Event::Tick(fleet::now()),
        Event::Known(Arc::new(fleet::known())),
        Event::Snapshot(fleet::snapshot()),
        Event::Board(fleet::board(), fleet::now()),
    ];
    for event in first {
        take(&mut state, event, light);
    }
    for key in keys.chars() {
        let code = match key {
            '\n' => KeyCode::Enter,
            '\t' => KeyCode::Tab,
            letter => KeyCode::Char(letter),
        };
        take(&mut state, Event::Drawn(samples::DRAWN), light);
        take(&mut state, Event::Key(KeyEvent::new(code, KeyModifiers::NONE)), light);
    }
    take(&mut state, Event::Tick(fleet::now()), light);
    // What was just done is no part of a view.
    state.toast = None;
    state
}

/// Takes an event, and answers what it asks for.
fn take(state: &mut State, event: Event, light: bool) {
    for effect in update(state, event) {
        match effect {
            Effect::View(Some(target)) => {
                let picture =
                    panes::of(state.row_named(&state.selected_name()).map(|row| row.name.as_str()), light, None);
                take(state, Event::Pane(target.key(), picture), light);
            }
            Effect::Wall(tiles) => {
                for tile in tiles {
                    let rows = state.snapshot.iter().flat_map(|snapshot| &snapshot.agents);
                    let name = rows.filter(|row| row.target.as_ref() == Some(&tile.target)).map(|row| &row.name).next();
                    let pictures =
                        vec![(tile.target.key(), panes::of(name.map(Label::as_str), light, Some(tile.room)))];
                    let (server, at) = (tile.target.server.clone(), Some(fleet::now()));
                    take(state, Event::Seen(Seen { server, at, pictures, lost: None }), light);
                }
            }
            Effect::Activity(ActivityAsk::Show(query)) => {
                let page = Page { query: *query, events: fleet::events(), newer: 0, older: true };
                take(state, Event::Events(Arc::new(page)), light);
            }
            Effect::ReadDiff { number, .. } => take(state, Event::Diff(number, Ok(samples::diff())), light),
            Effect::ReadPersona(class) => take(state, Event::Persona(class, Ok(fleet::PERSONA.to_owned())), light),
            Effect::Backlog(crate::backlog::watch::Request::Detail(Some(id))) => {
                take(state, Event::Card(id, Ok(fleet::detail(&id))), light);
            }
            Effect::Backlog(crate::backlog::watch::Request::Goals(true)) => {
                take(state, Event::Goals(Arc::new(fleet::goals())), light);
            }
            _ => {}
        }
    }
}

fn picture(size: Size, keys: &str, theme: Theme) -> String {
    let light = theme.ground() == Theme::new("light", Depth::Full, true).ground();
    let state = dashboard(size, keys, light);
    let mut buffer = Buffer::empty(Rect::new(0, 0, size.width, size.height));
    draw(&mut buffer, &present(&state), theme);
    picture::svg(&buffer, theme.ground())
}

/// One picture: the size of its terminal, the keys that lead there, and its theme.
type Shown = (Size, &'static str, Theme);

/// What each picture shows, by the name of its file.
fn shown() -> BTreeMap<String, Shown> {
    let mut shown = BTreeMap::new();
    let themes = themes();
    let (of_all, more) = themes.split_at(4);
    for (name, keys) in VIEWS {
        for (folder, theme) in of_all {
            for size in SIZES {
                shown.insert(format!("{folder}/{name}-{}x{}.svg", size.width, size.height), (size, keys, *theme));
            }
        }
        for (folder, theme) in more {
            shown.insert(format!("{folder}/{name}.svg"), (ONE, keys, *theme));
        }
    }
    for (name, keys) in POPUPS {
        for (folder, theme) in of_all {
            shown.insert(format!("{folder}/popup-{name}.svg"), (ONE, keys, *theme));
        }
    }
    shown
}

/// All pictures by the name of their file.
fn all() -> BTreeMap<String, String> {
    shown().into_iter().map(|(name, (size, keys, theme))| (name, picture(size, keys, theme))).collect()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/gallery")
}

/// The pictures that are there, by the name of their file.
fn kept() -> BTreeMap<String, String> {
    let mut kept = BTreeMap::new();
    for theme in std::fs::read_dir(folder()).into_iter().flatten().flatten() {
        for file in std::fs::read_dir(theme.path()).into_iter().flatten().flatten() {
            let name = format!("{}/{}", theme.file_name().to_string_lossy(), file.file_name().to_string_lossy());
            kept.insert(name, std::fs::read_to_string(file.path()).unwrap());
        }
    }
    kept
}

#[test]
fn the_gallery_is_as_generated() {
    let all = all();
    let bytes: usize = all.values().map(String::len).sum();
    assert!(bytes <= MAX_BYTES, "{bytes} bytes of pictures");
    if std::env::var_os("MOSAIC_UPDATE").is_some() {
        let _none = std::fs::remove_dir_all(folder());
        for (name, text) in &all {
            let path = folder().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
    }
    let kept = kept();
    let names = |pictures: &BTreeMap<String, String>| pictures.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&kept), names(&all), "`scripts/gallery` draws them");
    let old: Vec<&String> =
        all.iter().filter(|(name, text)| kept.get(*name) != Some(text)).map(|(name, _)| name).collect();
    assert!(old.is_empty(), "out of date, `scripts/gallery` draws them anew: {old:?}");
}

#[test]
fn no_picture_is_that_of_another_view() {
    let dark = Theme::new("dark", Depth::Full, true);
    let all = VIEWS.map(|(name, keys)| (name, picture(ONE, keys, dark)));
    for (at, (one, of_one)) in all.iter().enumerate() {
        for (other, of_other) in &all[..at] {
            assert_ne!(of_one, of_other, "{one} shows {other}: its keys are others now");
        }
    }
}

#[test]
fn every_picture_that_the_documentation_shows_is_in_the_gallery() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (all, mut found) = (shown(), 0);
    let pages = std::fs::read_dir(root.join("docs")).unwrap().map(|page| page.unwrap().path());
    for page in pages.chain([root.join("README.md")]).filter(|page| page.extension().is_some_and(|end| end == "md")) {
        let text = std::fs::read_to_string(&page).unwrap();
        for (at, _) in text.match_indices("](") {
            let target = text[at + 2..].split(')').next().unwrap();
            if let Some(name) =
                target.rsplit_once("assets/").map(|(_, name)| name).filter(|name| name.ends_with(".svg"))
            {
                assert!(all.contains_key(name.trim_start_matches("gallery/")), "{}: {target}", page.display());
                found += 1;
            }
        }
    }
    assert!(found >= 4, "{found} pictures in the documentation");
}
