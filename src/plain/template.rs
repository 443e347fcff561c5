//! Templates: texts with places of the form `{{name}}`, and a comment at their head for whoever edits them.

/// Returns the template without the comment at its head.
#[must_use]
pub fn without_comment(template: &str) -> &str {
    let text = template.trim_start();
    text.strip_prefix("<!--").and_then(|rest| rest.split_once("-->")).map_or(text, |(_, rest)| rest.trim_start())
}

/// Puts values in the places of a template. What a value holds is text, also where it looks like a place, and a name that
/// is not known stays as it is.
#[must_use]
pub fn filled(template: &str, values: &[(&str, impl AsRef<str>)]) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, behind)) = rest.split_once("{{") {
        out.push_str(before);
        let named = behind.split_once("}}");
        match named.and_then(|(name, after)| Some((values.iter().find(|(known, _)| *known == name.trim())?, after))) {
            Some(((_, value), after)) => {
                out.push_str(value.as_ref());
                rest = after;
            }
            None => {
                out.push_str("{{");
                rest = behind;
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_value_says_is_never_taken_for_a_place() {
        let words = [("title", "a {{token}} b"), ("token", "7")];
        assert_eq!(filled("{{title}}: {{ token }} {{other}} {{", &words), "a {{token}} b: 7 {{other}} {{");
        assert_eq!(filled("no place", &words), "no place");
    }

    #[test]
    fn only_a_comment_at_the_head_goes() {
        assert_eq!(without_comment("<!-- for editors -->\n# {{title}}"), "# {{title}}");
        assert_eq!(without_comment("# x <!-- kept -->"), "# x <!-- kept -->");
    }
}
