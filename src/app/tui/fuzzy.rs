//! How well a text fits what is typed: its letters in this order, with as few gaps and as many beginnings of words as can
//! be. Pure.

/// What a letter is worth that begins a word, that follows the one before, and that stands anywhere.
const BEGINS: u32 = 8;
const FOLLOWS: u32 = 6;
const ANYWHERE: u32 = 1;

/// Returns how well a text fits; `None` where its letters are not all there in this order. Small letters fit capitals.
#[must_use]
pub fn score(typed: &str, text: &str) -> Option<u32> {
    // What was pasted may be far longer than any text that it could fit.
    let letters = typed.chars().filter(|c| !c.is_whitespace());
    if letters.take(text.len() + 1).count() > text.len() {
        return None;
    }
    let wanted: Vec<char> = typed.to_lowercase().chars().filter(|c| !c.is_whitespace()).collect();
    let there: Vec<char> = text.to_lowercase().chars().collect();
    if wanted.is_empty() {
        return Some(0);
    }
    // The best sum with this letter at this place, for one letter after the other.
    let mut best: Vec<Option<u32>> = Vec::new();
    for (nth, letter) in wanted.iter().enumerate() {
        let mut next = vec![None; there.len()];
        let mut before: Option<u32> = None;
        for (at, c) in there.iter().enumerate() {
            if c == letter {
                // The first letters of words are what people type: `fr` is meant for "fleet restart".
                let begins = at == 0 || !there[at - 1].is_alphanumeric();
                let alone = if begins { BEGINS } else { ANYWHERE };
                let behind = at.checked_sub(1).and_then(|at| best.get(at).copied().flatten());
                next[at] = match nth {
                    0 => Some(alone),
                    // Both ways are kept, the neighbour and the best one further back: the first fit is
                    // not always the best.
                    _ => behind.map(|sum| sum + FOLLOWS.max(alone)).max(before.map(|sum| sum + alone)),
                };
            }
            before = before.max(best.get(at).copied().flatten());
        }
        best = next;
    }
    best.into_iter().flatten().max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beginnings_of_words_and_runs_fit_best() {
        let ranked = |typed: &str, texts: &[&'static str]| {
            let mut found: Vec<(u32, &str)> =
                texts.iter().filter_map(|text| Some((score(typed, text)?, *text))).collect();
            found.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
            found.into_iter().map(|(_, text)| text).collect::<Vec<_>>()
        };
        assert_eq!(ranked("fr", &["refresh", "fleet restart", "framework"])[0], "fleet restart");
        assert_eq!(ranked("rest", &["forest", "fleet restart"]), ["fleet restart", "forest"]);
        assert_eq!(ranked("FLDR", &["fleet doctor"]), ["fleet doctor"]);
        assert_eq!(ranked("xyz", &["fleet doctor"]), Vec::<&str>::new());
        assert_eq!((score("", "a"), score("ab", "ba"), score("aa", "a")), (Some(0), None, None));
    }
}
