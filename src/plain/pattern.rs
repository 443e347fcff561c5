//! Patterns of paths, as people write them.

/// Returns whether a pattern covers a path. It is a file, a folder with all below it, or has `*` for what stands within one
/// part of a path, `?` for one character, and `**` for any number of parts.
#[must_use]
pub fn covers(pattern: &str, path: &str) -> bool {
    let pattern: Vec<&str> = pattern.trim_end_matches('/').split('/').collect();
    let path: Vec<&str> = path.split('/').collect();
    parts_cover(&pattern, &path)
}

/// Whether the parts of a pattern cover those of a path, or those of a folder that it lies in.
fn parts_cover(pattern: &[&str], path: &[&str]) -> bool {
    match (pattern.split_first(), path.split_first()) {
        (None, _) => true,
        (Some((&"**", rest)), _) => {
            // What stands behind it may begin anywhere; alone it needs something to cover.
            if rest.is_empty() { !path.is_empty() } else { (0..path.len()).any(|at| parts_cover(rest, &path[at..])) }
        }
        (Some(_), None) => false,
        (Some((first, rest)), Some((name, below))) => {
            fits(first.as_bytes(), name.as_bytes()) && parts_cover(rest, below)
        }
    }
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
