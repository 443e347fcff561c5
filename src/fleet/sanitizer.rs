//! What a shipped file must not hold: an operator's identity, a private host, a secret, a default in somebody's home.
//! Reads text; never opens a file.

use std::sync::LazyLock;

use regex_lite::Regex;

/// Kinds of things that must not ship.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leak {
    /// An e-mail address.
    Address,
    /// A path below somebody's home.
    HomePath,
    /// A host or address of a private network.
    PrivateHost,
    /// A string that looks like a key or a password.
    Token,
    /// A default below `src` in the home, which fits one developer only.
    SourceDefault,
}

impl Leak {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Address, Self::HomePath, Self::PrivateHost, Self::Token, Self::SourceDefault];

    /// Where it may not be.
    #[must_use]
    pub const fn class(self) -> Class {
        match self {
            Self::Address | Self::HomePath | Self::PrivateHost | Self::Token => Class::Identity,
            Self::SourceDefault => Class::Structural,
        }
    }

    /// What was found, for a report that does not repeat it.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Address => "an e-mail address",
            Self::HomePath => "an absolute path in a home folder",
            Self::PrivateHost => "a host of a private network",
            Self::Token => "what looks like a secret",
            Self::SourceDefault => "a default below the home's `src`",
        }
    }
}

/// How much a kind is forbidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Says who somebody is: in no file.
    Identity,
    /// Fits one machine only: in no file but examples.
    Structural,
}

impl Class {
    /// The word in a report.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Structural => "structural",
        }
    }
}

/// Something that must not ship, and its line from 1. What it is stays out of reports: it may be a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finding {
    /// Line.
    pub line: usize,
    /// What it is.
    pub leak: Leak,
}

/// Shortest run of characters that can be a secret without a known beginning: shorter ones are words and hashes of commits.
const SECRET_CHARS: usize = 32;

/// Files in which an operator's own layout is an example.
const EXAMPLES: &str = "examples/";

/// Folders and files whose names end as hosts of a local network do, those of a runtime's own included.
const LOCAL_LAYERS: [&str; 7] = [
    "pipelines.local",
    "roles.local",
    "profiles.local",
    "soul.local",
    "user.local",
    "standards.local",
    "settings.local",
];

struct Rules {
    address: Regex,
    home: Regex,
    host: Regex,
    network: Regex,
    known_token: Regex,
    run: Regex,
    source: Regex,
}

#[expect(clippy::unwrap_used, reason = "constant patterns, each of them tried by the planted samples")]
static RULES: LazyLock<Rules> = LazyLock::new(|| {
    Rules {
    address: Regex::new(r"[A-Za-z0-9._%+-]+@([A-Za-z0-9-]+\.)+[A-Za-z]{2,}").unwrap(),
    home: Regex::new(r"(/home|/Users|/root)/[A-Za-z0-9._-]").unwrap(),
    host: Regex::new(r"(?i)[a-z0-9-]+(\.[a-z0-9-]+)*\.(local|lan|internal|intranet|corp)\b").unwrap(),
    // RFC 1918: addresses that mean something else on every other network.
    network: Regex::new(r"\b(10\.\d+|192\.168|172\.(1[6-9]|2\d|3[01]))\.\d+\.\d+\b").unwrap(),
    known_token: Regex::new(
        r"-----BEGIN [A-Z ]*PRIVATE KEY|\b(sk-|gh[opsu]_|github_pat_|glpat-|xox[abps]-|AKIA|npm_|eyJ)[A-Za-z0-9_.-]{12,}",
    )
    .unwrap(),
    run: Regex::new(r"[A-Za-z0-9+/_=-]+").unwrap(),
    source: Regex::new(r"(\$HOME|\$\{HOME\}|~)/src\b").unwrap(),
}
});

/// Everything in a text that must not ship; `path` is its place in the framework.
#[must_use]
pub fn findings(path: &str, text: &str) -> Vec<Finding> {
    let is_example = path.starts_with(EXAMPLES) || path.contains(&format!("/{EXAMPLES}"));
    let mut found = Vec::new();
    for (at, line) in text.lines().enumerate() {
        for leak in Leak::ALL {
            if holds(leak, line) && !(is_example && leak.class() == Class::Structural) {
                found.push(Finding { line: at + 1, leak });
            }
        }
    }
    found
}

fn holds(leak: Leak, line: &str) -> bool {
    let rules = &*RULES;
    match leak {
        Leak::Address => rules.address.find_iter(line).any(|found| !is_reserved(found.as_str())),
        Leak::HomePath => rules.home.is_match(line),
        Leak::PrivateHost => {
            let host = |found: regex_lite::Match<'_>| {
                let name = found.as_str().to_lowercase();
                // The framework's own texts speak of these.
                !LOCAL_LAYERS.iter().any(|layer| name == *layer)
            };
            rules.host.find_iter(line).any(host) || rules.network.is_match(line)
        }
        Leak::Token => rules.known_token.is_match(line) || rules.run.find_iter(line).any(|run| is_random(run.as_str())),
        Leak::SourceDefault => rules.source.is_match(line),
    }
}

/// Whether a line holds a key or a password that begins as its issuer has them begin.
#[must_use]
pub fn is_known_secret(line: &str) -> bool {
    RULES.known_token.is_match(line)
}

/// Whether a line holds what looks like a key or a password; what it says is a digest is none.
#[must_use]
pub fn is_secret(line: &str) -> bool {
    let rules = &*RULES;
    let suspect = |run: regex_lite::Match<'_>| is_random(run.as_str()) && !is_named_digest(line, run);
    rules.known_token.is_match(line) || rules.run.find_iter(line).any(suspect)
}

/// Words behind which a text says that a digest comes.
const DIGEST_WORDS: [&str; 14] = [
    "blob",
    "checksum",
    "commit",
    "digest",
    "hash",
    "integrity",
    "ref",
    "rev",
    "revision",
    "sha",
    "sha1",
    "sha256",
    "sha384",
    "sha512",
];

/// Hexadecimal digits of the digests that are in use: SHA-1, SHA-256, SHA-384 and SHA-512.
// SHA-1, SHA-256, SHA-384 and SHA-512 in hexadecimal.
const DIGEST_CHARS: [usize; 4] = [40, 64, 96, 128];

/// Whether all that is long in a run of characters is a digest by its form, and by what stands before it: `sha256:`, `rev = `,
/// `uses: x@`. A key may have the form of one, and nobody calls it so.
fn is_named_digest(line: &str, run: regex_lite::Match<'_>) -> bool {
    let prefixed = ["sha256-", "sha384-", "sha512-"];
    if prefixed.iter().any(|prefix| run.as_str().starts_with(prefix)) {
        return true;
    }
    let mut at = run.start();
    run.as_str().split(['/', '-', '_', '=']).all(|piece| {
        let before = &line[..at];
        at += piece.len() + 1;
        let one_case = piece.to_lowercase() == piece || piece.to_uppercase() == piece;
        let formed =
            DIGEST_CHARS.contains(&piece.len()) && one_case && piece.bytes().all(|byte| byte.is_ascii_hexdigit());
        let before_mark = before.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        let word = before_mark.rsplit(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default().to_lowercase();
        let named = before.ends_with('@') || DIGEST_WORDS.contains(&word.as_str());
        piece.len() < SECRET_CHARS || (formed && named)
    })
}

/// Names that are reserved for examples and belong to nobody.
fn is_reserved(address: &str) -> bool {
    let domain = address.rsplit('@').next().unwrap_or_default().to_lowercase();
    // RFC 2606.
    ["example.com", "example.org", "example.net"].contains(&domain.as_str()) || domain.ends_with(".example")
}

/// Whether a run of characters is long and mixed as a secret is, and no path and no words.
fn is_random(run: &str) -> bool {
    // Words of a path or a name are short between their separators; a secret has none for long.
    let longest = run.split(['/', '-', '_', '=']).map(str::len).max().unwrap_or_default();
    let any = |test: fn(&char) -> bool| run.chars().any(|c| test(&c));
    longest >= SECRET_CHARS && any(char::is_ascii_digit) && any(char::is_ascii_alphabetic)
}

/// A line of each kind. Made at run time, so that this file holds none of them; and the paths not by `format!`, which the
/// compiler would put together, so that the program names no home folder either: `scripts/release` refuses one that does.
fn planted() -> Vec<(Leak, String)> {
    let at = '@';
    let random = "a1B2c3D4".repeat(5);
    vec![
        (Leak::Address, format!("ask somebody{at}company.io about it")),
        (Leak::Address, format!("<first.last+tag{at}mail.company.co.uk>")),
        (Leak::HomePath, ["cd /home", "somebody", "project"].join("/")),
        (Leak::HomePath, ["open /Users", "somebody", "x"].join("/")),
        (Leak::HomePath, ["`/root", ".config", "x`"].join("/")),
        (Leak::PrivateHost, format!("ssh build.{}", "internal")),
        (Leak::PrivateHost, format!("http://nas.{}:8080/", "local")),
        (Leak::PrivateHost, format!("host: 192.{}.4.7", "168")),
        (Leak::PrivateHost, format!("host: 10.{}.4.7", "1")),
        (Leak::Token, format!("token: sk-{random}")),
        (Leak::Token, format!("ghp_{random}")),
        (Leak::Token, format!("-----BEGIN {} KEY-----", "PRIVATE")),
        (Leak::Token, format!("password = {random}")),
        (Leak::Token, format!("hash {}", "0a".repeat(20))),
        (Leak::SourceDefault, format!("cd ${{REPO:-{}/src/repo}}", "$HOME")),
        (Leak::SourceDefault, format!("working_directory: {}/src", "~")),
    ]
}

/// Tries the rules on planted samples of every kind; one that is not found.
#[must_use]
pub fn self_test() -> Option<Leak> {
    let is_found = |leak: &Leak, line: &str| findings("guides/x.md", line).iter().any(|found| found.leak == *leak);
    // A rule that finds nothing looks like a clean tree: the samples show that each still works.
    let missed = planted().into_iter().find(|(leak, line)| !is_found(leak, line));
    missed
        .map(|(leak, _)| leak)
        .or_else(|| Leak::ALL.into_iter().find(|leak| !planted().iter().any(|(of, _)| of == leak)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::{Path, PathBuf};

    #[test]
    fn a_planted_sample_of_each_kind_is_found() {
        for (leak, line) in planted() {
            let text = format!("fine\n{line}\nfine\n");
            assert_eq!(findings("guides/x.md", &text), [Finding { line: 2, leak }], "{line}");
        }
        assert_eq!(self_test(), None);
    }

    #[test]
    fn what_belongs_to_nobody_may_ship() {
        let fine = "user@example.com `mosaic-agent@.service` ~/.config/mosaic $HOME/.config STANDARDS.local.md settings.local.json \
                    fleet/roles.local/code.md 127.0.0.1 v10.2.3 every_command_that_an_agent_is_told_to_run_exists_1 \
                    https://json-schema.org/draft/2020-12/schema --idempotency-key plan-login-1";
        assert_eq!(findings("guides/x.md", fine), []);
        assert_eq!(findings("fleet/examples/x.yaml", "working_directory: ~/src"), []);
    }

    fn files(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            if entry.path().is_dir() { files(&entry.path(), found) } else { found.push(entry.path()) }
        }
    }

    #[test]
    fn no_shipped_file_holds_what_must_not_ship() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("framework");
        let mut all = Vec::new();
        files(&root, &mut all);
        assert!(all.len() > 90, "only {} files were found", all.len());
        let mut told = Vec::new();
        for path in all {
            let name = path.strip_prefix(&root).unwrap().display().to_string();
            for Finding { line, leak } in findings(&name, &fs::read_to_string(&path).unwrap()) {
                told.push(format!("framework/{name}:{line}: {}", leak.words()));
            }
        }
        assert_eq!(told, Vec::<String>::new());
    }
}
