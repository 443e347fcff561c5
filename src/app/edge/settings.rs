//! The file of settings and the user's own themes: read at the start, and again whenever they change.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::app::tui::event::Event;
use crate::app::tui::settings::{FILE, NoTheme, Settings};
use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::home::Site;
use crate::fleet::roster::{Document, Problem};
use crate::plain::{self, Stamp};
use crate::ui::theme::{Palette, THEME};

/// Largest file of settings, and of a theme.
const MAX: usize = 64 << 10;

/// The files are looked at so often: a look costs less than to be told of changes.
const LOOK: Duration = Duration::from_secs(1);

/// Where the settings of a fleet's dashboard are.
pub(in crate::app) fn path(site: &Site) -> PathBuf {
    site.home.join(FILE)
}

/// Reads the settings; beside them what is wrong with the file, where it is: then they are the program's own.
///
/// # Errors
/// When the environment names a theme that there is not.
pub(in crate::app) fn load(site: &Site) -> Result<(Settings, Vec<Problem>)> {
    let (settings, problems) = match read(site) {
        Ok(settings) => (settings, Vec::new()),
        Err(problems) => (Settings::default(), problems),
    };
    let settings = under(site, settings).map_err(|why| Failure::new(Kind::Invalid, THEME, why, "mend or unset it"))?;
    Ok((settings, problems))
}

/// The settings under what the environment says.
fn under(site: &Site, settings: Settings) -> std::result::Result<Settings, String> {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    settings.under(set, &site.thresholds, |name| theme(&site.home, name))
}

fn read(site: &Site) -> std::result::Result<Settings, Vec<Problem>> {
    let path = path(site);
    match plain::read(&path, MAX) {
        Ok(text) => Settings::parse(&text, &path, |name| theme(&site.home, name)),
        Err(why) if why.is_missing() => Ok(Settings::default()),
        Err(why) => Err(vec![whole(&path, &why)]),
    }
}

fn theme_path(home: &Path, name: &str) -> PathBuf {
    home.join("themes").join(format!("{name}.yaml"))
}

/// A theme of the user's own.
fn theme(home: &Path, name: &str) -> std::result::Result<Palette, NoTheme> {
    let path = theme_path(home, name);
    let text = plain::read(&path, MAX).map_err(|why| match why.is_missing() {
        true => NoTheme::Missing,
        false => NoTheme::Wrong(vec![whole(&path, &why)]),
    })?;
    Document::decode::<Palette>(&text, &path).map(|(palette, _)| palette).map_err(NoTheme::Wrong)
}

/// What is wrong with a file that cannot even be read.
fn whole(path: &Path, why: &plain::Unreadable) -> Problem {
    let message = format!("{why}; {}", why.next());
    Problem { path: path.to_owned(), line: 1, column: 1, key: String::new(), message }
}

/// Tells of each change from here on. On a thread of its own: a home on a server that does not answer holds up nobody.
///
/// # Errors
/// When there is no thread to be had.
pub(in crate::app) fn watch(site: &Site, of_now: &Settings, tell: mpsc::Sender<Event>) -> std::io::Result<()> {
    let site = site.clone();
    let stamps = move |site: &Site, theme: &str| (Stamp::of(&path(site)), Stamp::of(&theme_path(&site.home, theme)));
    let mut theme = of_now.theme.clone();
    let mut seen = stamps(&site, &theme);
    std::thread::Builder::new().name("settings".to_owned()).spawn(move || {
        while !tell.is_closed() {
            std::thread::sleep(LOOK);
            let now = stamps(&site, &theme);
            if now == seen {
                continue;
            }
            let settings = read(&site).map(|settings| {
                // That the environment can be followed was seen at the start; a theme's file may go since.
                under(&site, settings.clone()).unwrap_or(settings)
            });
            if let Ok(settings) = &settings {
                theme.clone_from(&settings.theme);
            }
            // Read once more: the settings may name another theme now, whose file is watched from here on.
            seen = stamps(&site, &theme);
            if tell.blocking_send(Event::Settings(settings.map(Arc::new))).is_err() {
                return;
            }
        }
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(home: &Path) -> Site {
        Site { home: home.to_owned(), ..Site::for_tests("/h") }
    }

    #[test]
    fn a_theme_of_the_users_own_is_a_file_and_a_broken_one_is_told_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let site = site(folder.path());
        assert!(load(&site).unwrap().1.is_empty(), "no file sets nothing");
        std::fs::write(path(&site), "theme: mine\n").unwrap();
        let told = |site: &Site| load(site).unwrap().1.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        assert!(told(&site).contains("tui.yaml:1:8: theme: there is no theme \"mine\""), "{}", told(&site));
        std::fs::create_dir(folder.path().join("themes")).unwrap();
        let light = crate::ui::theme::SHIPPED[1].1;
        std::fs::write(theme_path(folder.path(), "mine"), light.replace("accent:", "acent:")).unwrap();
        assert!(told(&site).contains("themes/mine.yaml:") && told(&site).contains("`acent`"), "{}", told(&site));
        std::fs::write(theme_path(folder.path(), "mine"), light).unwrap();
        let (settings, problems) = load(&site).unwrap();
        assert_eq!((settings.palette, problems.len()), (Palette::shipped("light"), 0));
        std::fs::remove_file(path(&site)).unwrap();
        std::fs::create_dir(path(&site)).unwrap();
        assert!(told(&site).contains("tui.yaml:1:1: is a folder, not a file"), "{}", told(&site));
    }
}
