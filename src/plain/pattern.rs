//! Patterns of paths, as people write them.

use std::collections::BTreeSet;

/// Returns whether a pattern covers a path. It is a file, a folder with all below it, or has `*` for what stands within one
/// part of a path, `?` for one character, and `**` for any number of parts.
#[must_use]
pub fn covers(pattern: &str, path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    // Where in the path what was read of the pattern may end. Kept as a set, each part of the pattern is held against
    // each part of the path once, however many `**` there are.
    let mut ends: BTreeSet<usize> = BTreeSet::from([0]);
    let mut pattern = pattern.trim_end_matches('/').split('/').peekable();
    while let Some(part) = pattern.next() {
        ends.remove(&parts.len());
        // Nothing of the path is left, or nothing fitted.
        let Some(first) = ends.first().copied() else { return false };
        ends = match part {
            // Alone it covers what is left; what stands behind it may begin anywhere.
            "**" if pattern.peek().is_none() => return true,
            "**" => (first..parts.len()).collect(),
            _ => ends.iter().filter(|at| fits(part.as_bytes(), parts[**at].as_bytes())).map(|at| at + 1).collect(),
        };
    }
    // All below a folder is covered with it.
    !ends.is_empty()
}

/// Whether one part of a pattern fits one part of a path. Goes back to the last `*` only, so that no pattern takes long.
fn fits(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(b'?') => {
                p += 1;
                // A character of several bytes is one.
                n += 1;
                while name.get(n).is_some_and(|byte| byte & 0xc0 == 0x80) {
                    n += 1;
                }
            }
            Some(byte) if *byte == name[n] => {
                p += 1;
                n += 1;
            }
            _ => match &mut star {
                Some((at, from)) => {
                    *from += 1;
                    (p, n) = (*at + 1, *from);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What the words say, word by word: slow, and plain.
    fn by_the_words(pattern: &[&str], path: &[&str]) -> bool {
        match (pattern, path) {
            ([], _) => true,
            (["**"], _) => !path.is_empty(),
            (["**", rest @ ..], _) => (0..path.len()).any(|at| by_the_words(rest, &path[at..])),
            (_, []) => false,
            ([part, rest @ ..], [name, below @ ..]) => {
                let chars = |text: &str| text.chars().collect::<Vec<_>>();
                part_by_the_words(&chars(part), &chars(name)) && by_the_words(rest, below)
            }
        }
    }

    fn part_by_the_words(pattern: &[char], name: &[char]) -> bool {
        match pattern {
            [] => name.is_empty(),
            ['*', rest @ ..] => (0..=name.len()).any(|at| part_by_the_words(rest, &name[at..])),
            ['?', rest @ ..] => !name.is_empty() && part_by_the_words(rest, &name[1..]),
            [c, rest @ ..] => name.first() == Some(c) && part_by_the_words(rest, &name[1..]),
        }
    }

    #[test]
    fn files_folders_and_patterns_are_covered() {
        for (pattern, path, want) in [
            ("src", "src/a/b.rs", true),
            ("src/", "src/a/b.rs", true),
            ("src/a.rs", "src/a.rs", true),
            ("src/a.rs", "src/a.rs.bak", false),
            ("*.rs", "src/a.rs", false),
            ("**/*.rs", "src/a.rs", true),
            ("**/*.rs", "a.rs", true),
            ("src/**", "src", false),
            ("src/**/test", "src/test/x", true),
            ("src/?.rs", "src/é.rs", true),
        ] {
            assert_eq!(covers(pattern, path), want, "{pattern} {path}");
        }
    }

    #[test]
    fn many_stars_on_a_deep_path_take_no_time() {
        let path = "a/".repeat(200) + "end";
        // Tried one by one these would be more ways than a machine counts in its life.
        assert!(!covers(&("**/a/".repeat(60) + "b"), &path));
        assert!(covers(&("**/a/".repeat(60) + "end"), &path));
    }

    proptest! {
        #[test]
        fn the_quick_way_says_what_the_words_say(
            pattern in prop::collection::vec("(\\*\\*|[ab*?\u{e9}]{0,4})", 1..6),
            path in prop::collection::vec("[ab\u{e9}]{1,4}", 1..7),
        ) {
            let (pattern, path) = (pattern.join("/"), path.join("/"));
            let parts: Vec<&str> = pattern.trim_end_matches('/').split('/').collect();
            let want = by_the_words(&parts, &path.split('/').collect::<Vec<_>>());
            prop_assert_eq!(covers(&pattern, &path), want, "{} {}", pattern, path);
        }
    }
}
