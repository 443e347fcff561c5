//! How often something was, in words.

/// `once`, or a number of times.
#[must_use]
pub fn times(count: i64) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_once() {
        assert_eq!([1, 2, 11].map(times), ["once", "2 times", "11 times"]);
    }
}
