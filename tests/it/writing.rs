//! Messages in the world's writing: what terminals combine, drop or widen.

/// Twenty of them.
pub(crate) const MESSAGES: [&str; 20] = [
    // A modifier of the skin, a family of joined signs, a flag of two letters, a keycap.
    "well done \u{1f44d}\u{1f3fd}!",
    "the \u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}\u{200d}\u{1f466} of four",
    "ship to \u{1f1e9}\u{1f1ea} and \u{1f1ef}\u{1f1f5} today",
    "step 1\u{fe0f}\u{20e3} of 3",
    "love \u{2764}\u{fe0f} or text \u{2764}\u{fe0e}",
    // What nobody sees.
    "zero\u{200b}width\u{200c}and\u{200d}joiners",
    "soft\u{ad}hyphen",
    "\u{feff}mark at the front",
    "word\u{2060}joiner and\u{a0}hard\u{202f}blanks",
    // Marks above, below and many.
    "cafe\u{301} na\u{308}ive Z\u{351}\u{36b}\u{343}a\u{310}l\u{33d}go",
    "Ti\u{1ebf}ng Vi\u{1ec7}t v\u{e0} ti\u{309}\u{302}ng",
    // Devanagari, Bengali, Tamil, Thai, Khmer.
    "\u{928}\u{92e}\u{938}\u{94d}\u{924}\u{947} \u{926}\u{941}\u{928}\u{93f}\u{92f}\u{93e}",
    "\u{9ac}\u{9be}\u{982}\u{9b2}\u{9be} \u{995}\u{9cd}\u{9b7}",
    "\u{ba4}\u{bae}\u{bbf}\u{bb4}\u{bcd} \u{b95}\u{bcb}",
    "\u{e20}\u{e32}\u{e29}\u{e32}\u{e44}\u{e17}\u{e22} \u{e17}\u{e35}\u{e48}",
    "\u{1797}\u{17b6}\u{179f}\u{17b6}\u{1781}\u{17d2}\u{1798}\u{17c2}\u{179a}",
    // Right to left, wide, and both forms of Hangul.
    "\u{645}\u{631}\u{62d}\u{628}\u{627} \u{628}\u{650}\u{643} \u{5e9}\u{5dc}\u{5d5}\u{5dd}",
    "\u{4f60}\u{597d}\u{ff0c}\u{4e16}\u{754c}\u{3002}\u{65e5}\u{672c}\u{8a9e}\u{304c}\u{3099}",
    "\u{d55c}\u{ad6d} \u{1112}\u{1161}\u{11ab}",
    // Signs outside of the first plane.
    "\u{1d4d7}\u{1d4ee}\u{1d4f5}\u{1d4f5}\u{1d4f8} \u{20bb7}\u{91ce}\u{5bb6}",
];
