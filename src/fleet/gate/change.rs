//! What a change does to the files of the main branch, and what of that no change may do. Pure.

use serde::Serialize;

use crate::fleet::sanitizer;
use crate::plain::covers;

/// One file that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touched {
    /// Its path in the repository.
    pub path: String,
    /// What it is from then on; `None` where it is gone.
    pub new: Option<Blob>,
    /// What it was; `None` where it is new.
    pub old: Option<Blob>,
}

/// A side of a file that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// Its mode, as git writes it.
    pub mode: String,
    /// Its name.
    pub oid: String,
}

impl Blob {
    /// Whether it has a text that can be looked at: a link and a module of another repository have none.
    #[must_use]
    pub fn is_file(&self) -> bool {
        // Git knows 100644 and 100755 for files; 120000 is a link and 160000 a submodule.
        self.mode.starts_with("100")
    }
}

/// Reads the answer of `git diff-tree -r -z --raw --no-renames`.
///
/// # Errors
/// When it is none.
pub(super) fn read_raw(bytes: &[u8]) -> Result<Vec<Touched>, String> {
    let mut fields = bytes.split(|byte| *byte == 0).map(|field| String::from_utf8_lossy(field).into_owned());
    let mut touched = Vec::new();
    while let Some(head) = fields.next().filter(|head| !head.is_empty()) {
        let broken = || format!("{} is no line of a raw diff", crate::plain::quoted(&head));
        let path = fields.next().ok_or_else(broken)?;
        let words: Vec<&str> = head.trim_start_matches(':').split(' ').collect();
        let [old_mode, new_mode, old, new, _status] = words.as_slice() else { return Err(broken()) };
        let blob = |mode: &str, oid: &str| {
            // Git writes the missing side of a new or deleted file as mode 000000.
            let is_there = mode.bytes().any(|digit| digit != b'0');
            is_there.then(|| Blob { mode: mode.to_owned(), oid: oid.to_owned() })
        };
        touched.push(Touched { path, new: blob(new_mode, new), old: blob(old_mode, old) });
    }
    Ok(touched)
}

/// What is wrong with a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The card declares its paths, and this is none of them.
    OutsideCard,
    /// What git leaves in a file that it could not merge.
    ConflictMarker,
    /// It is larger than is allowed.
    TooLarge,
    /// What looks like a key or a password.
    Secret,
}

impl Fault {
    /// What was found, without what it is: it may be a secret.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::OutsideCard => "is outside the card's paths",
            Self::ConflictMarker => "holds a conflict marker",
            Self::TooLarge => "is larger than a file may be",
            Self::Secret => "holds what looks like a secret",
        }
    }
}

/// A fault and its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The file.
    pub path: String,
    /// Line, from 1, where it has one.
    pub line: Option<usize>,
    /// What is wrong.
    pub fault: Fault,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(crate::fleet::model::Label::new(&self.path).as_str())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, " {}", self.fault.words())
    }
}

/// Files that the card did not name, where it names any.
#[must_use]
pub(super) fn outside(touched: &[Touched], allowed: &[String]) -> Vec<Finding> {
    let is_outside =
        |file: &&Touched| !allowed.is_empty() && !allowed.iter().any(|allowed| covers(allowed, &file.path));
    let finding = |file: &Touched| Finding { path: file.path.clone(), line: None, fault: Fault::OutsideCard };
    touched.iter().filter(is_outside).map(finding).collect()
}

/// Files in which long random words are digests and no secrets, as long as they begin like none.
const DIGESTS: [&str; 12] = [
    "Cargo.lock",
    "Gemfile.lock",
    "Pipfile.lock",
    "bun.lock",
    "composer.lock",
    "flake.lock",
    "go.sum",
    "package-lock.json",
    "pnpm-lock.yaml",
    "poetry.lock",
    "uv.lock",
    "yarn.lock",
];

/// What is wrong with the lines that a file has now and had not before. What is no text has no lines. `digests` are
/// further files whose long random words are no secrets.
#[must_use]
pub(super) fn text_faults(path: &str, old: &[u8], new: &[u8], digests: &[String]) -> Vec<Finding> {
    if new.contains(&0) {
        return Vec::new();
    }
    let (old, new) = (String::from_utf8_lossy(old), String::from_utf8_lossy(new));
    // By text and not by place: a line that only moved is no news, and was let through when it came.
    let before: std::collections::HashSet<&str> = old.lines().collect();
    let is_listed = digests.iter().any(|pattern| covers(pattern, path));
    let digests = is_listed || DIGESTS.contains(&path.rsplit('/').next().unwrap_or(path));
    let mut found = Vec::new();
    for (at, line) in new.lines().enumerate().filter(|(_, line)| !before.contains(line)) {
        let mut add = |fault| found.push(Finding { path: path.to_owned(), line: Some(at + 1), fault });
        if is_marker(line) {
            add(Fault::ConflictMarker);
        }
        if sanitizer::is_known_secret(line) || (!digests && sanitizer::is_secret(line)) {
            add(Fault::Secret);
        }
    }
    found
}

/// A line of equal signs alone underlines headings, so the other marks decide.
fn is_marker(line: &str) -> bool {
    // The middle one is there only where the user has `merge.conflictStyle=diff3`.
    ["<<<<<<<", "|||||||", ">>>>>>>"]
        .iter()
        .any(|mark| line.strip_prefix(mark).is_some_and(|rest| rest.is_empty() || rest.starts_with(' ')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_raw_diff_is_read_with_every_kind_of_file() {
        let raw = b":100644 100755 aaaa bbbb M\0src/a b.rs\0:000000 100644 0000 cccc A\0new\0:120000 000000 dddd 0000 D\0link\0";
        let touched = read_raw(raw).unwrap();
        assert_eq!(touched.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), ["src/a b.rs", "new", "link"]);
        assert!(touched[0].old.as_ref().unwrap().is_file() && touched[1].old.is_none() && touched[2].new.is_none());
        assert!(!touched[2].old.as_ref().unwrap().is_file());
        assert_eq!(read_raw(b"").unwrap(), []);
        assert!(read_raw(b":100644 nonsense\0x\0").is_err() && read_raw(b":1 2 3 4 M").is_err());
    }

    #[test]
    fn a_file_outside_of_the_cards_paths_is_found() {
        let file = |path: &str| Touched { path: path.to_owned(), new: None, old: None };
        let touched = [file("src/a.rs"), file("Cargo.toml")];
        assert_eq!(outside(&touched, &[]), [], "a card without paths may touch all");
        let found = Finding { path: "Cargo.toml".to_owned(), line: None, fault: Fault::OutsideCard };
        assert_eq!(outside(&touched, &["src".to_owned()]), [found]);
    }

    /// The only test of these words: whoever changes them changes them here, and nothing else.
    #[test]
    fn the_words_of_a_finding_begin_with_its_place() {
        let told = |line, fault| Finding { path: "a.txt".to_owned(), line, fault }.to_string();
        assert_eq!(told(None, Fault::OutsideCard), "a.txt is outside the card's paths");
        assert_eq!(told(Some(5), Fault::ConflictMarker), "a.txt:5 holds a conflict marker");
        assert_eq!(told(None, Fault::TooLarge), "a.txt is larger than a file may be");
        assert_eq!(told(Some(2), Fault::Secret), "a.txt:2 holds what looks like a secret");
    }

    #[test]
    fn only_lines_that_the_change_brings_are_looked_at() {
        let key = format!("key = {}", "a1B2c3D4".repeat(5));
        let old = format!("one\n{key}\n");
        let new = format!("one\n{key}\n=======\ntwo\n<<<<<<< HEAD\n>>>>>>> b\n<<<<<<<<<<\n");
        let marker = |line| Finding { path: "a.txt".to_owned(), line: Some(line), fault: Fault::ConflictMarker };
        assert_eq!(text_faults("a.txt", old.as_bytes(), new.as_bytes(), &[]), [marker(5), marker(6)]);
        let told = text_faults("a.txt", b"", old.as_bytes(), &[]);
        assert_eq!((told.len(), told[0].line, told[0].fault), (1, Some(2), Fault::Secret));
        assert!(!told[0].to_string().contains("a1B2"), "it is not repeated");
        assert_eq!(text_faults("sub/Cargo.lock", b"", key.as_bytes(), &[]), [], "a digest");
        let known = format!("gh{}_{}", "p", "a1B2c3D4".repeat(4));
        assert_eq!(text_faults("Cargo.lock", b"", known.as_bytes(), &[]).len(), 1, "no digest begins so");
        let (sha1, sha256) = ("0a".repeat(20), "0a".repeat(32));
        for digest in [
            format!("- uses: a/checkout@{sha1}"),
            format!("image: x@sha256:{sha256}"),
            format!("rev = \"{sha1}\""),
            format!("see https://example.com/a/commit/{sha1}"),
            format!("checksum = \"{}\"", sha256.to_uppercase()),
            format!("integrity=\"sha512-{}\"", "aB1+".repeat(22)),
        ] {
            assert_eq!(text_faults("a.txt", b"", digest.as_bytes(), &[]), [], "{digest}");
        }
        for secret in [format!("SECRET_KEY={sha256}"), format!("token: {sha1}"), format!("rev = {}", "0a".repeat(18))] {
            assert_eq!(text_faults("a.txt", b"", secret.as_bytes(), &[]).len(), 1, "{secret}");
        }
        assert_eq!(text_faults("a.bin", b"", &[key.as_bytes(), &[0]].concat(), &[]), []);
        assert_eq!(text_faults("snap/a.txt", b"", key.as_bytes(), &["snap".to_owned()]), []);
    }
}
