//! Names that a mistyped one may have meant. Pure.

/// Up to three names within a small edit distance, or that contain the text.
pub(super) fn nearest<'a>(text: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut scored: Vec<(usize, &str)> = names
        .map(|name| {
            let distance = edit_distance(text, name);
            let contained = !text.is_empty() && (name.contains(text) || text.contains(name));
            (if contained { distance.min(2) } else { distance }, name)
        })
        .filter(|(distance, name)| *distance <= 2.max(name.len() / 3))
        .collect();
    scored.sort();
    scored.into_iter().take(3).map(|(_, name)| name).collect()
}

fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    // What was typed may be of any length, and the work grows with it; no name has more than 64
    // characters.
    for (i, ca) in a.chars().take(80).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let cost = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = cost.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_come_first_and_far_ones_not_at_all() {
        let names = ["code0", "code1", "review", "orchestrator"];
        assert_eq!(nearest("cod0", names.into_iter()), ["code0", "code1"]);
        assert_eq!(nearest("orchestrater", names.into_iter()), ["orchestrator"]);
        assert_eq!(nearest("zzzzzzz", names.into_iter()), Vec::<&str>::new());
    }
}
