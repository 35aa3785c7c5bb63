//! The tokens of RFC 8259, read from bytes that are known to be UTF-8.

mod value;

pub(crate) use self::value::Limits;

/// What stands between the quotes of a string, and is known to be valid there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text<'a> {
    pub(crate) raw: &'a [u8],
    /// Whether it may not be what it reads as.
    pub(crate) escaped: bool,
}

/// A position in a text.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'a> {
    text: &'a [u8],
    /// What of it lies ahead.
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    /// At an offset, or at the end of a text that is shorter.
    pub(crate) fn new(text: &'a [u8], at: usize) -> Self {
        let rest = text.get(at..).unwrap_or_default();
        Self { text, rest }
    }

    pub(crate) fn at(&self) -> usize {
        self.text.len() - self.rest.len()
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    fn next(&mut self) -> Option<u8> {
        let (&byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(byte)
    }

    /// The next byte that is no white space (section 2).
    #[inline]
    pub(crate) fn token(&mut self) -> Option<u8> {
        self.skip_space();
        self.next()
    }

    pub(crate) fn eat(&mut self, byte: u8) -> bool {
        match self.rest {
            [first, rest @ ..] if *first == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    #[inline]
    pub(crate) fn skip_space(&mut self) {
        if let [b' ' | b'\t' | b'\n' | b'\r', rest @ ..] = self.rest {
            self.rest = behind_space(rest);
        }
    }

    /// The rest of `true`, `false` or `null`.
    fn literal(&mut self, rest: &[u8]) -> Option<()> {
        self.rest = self.rest.strip_prefix(rest)?;
        Some(())
    }

    /// The rest of a number (section 6) whose first byte was read.
    fn number(&mut self, first: u8) -> Option<()> {
        let lead = if first == b'-' { self.next()? } else { first };
        match lead {
            b'0' => {}
            b'1'..=b'9' => self.skip_digits(),
            _ => return None,
        }
        if self.eat(b'.') {
            self.digits()?;
        }
        if let [b'e' | b'E', rest @ ..] = self.rest {
            self.rest = rest;
            if let [b'+' | b'-', rest @ ..] = self.rest {
                self.rest = rest;
            }
            self.digits()?;
        }
        Some(())
    }

    fn skip_digits(&mut self) {
        while let [b'0'..=b'9', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }

    fn digits(&mut self) -> Option<()> {
        let before = self.rest.len();
        self.skip_digits();
        (self.rest.len() < before).then_some(())
    }

    /// The rest of a string (section 7) whose quote was read, with its closing quote. An escaped lone
    /// surrogate is valid here: section 8.2 leaves it to the receiver.
    #[inline]
    pub(crate) fn string(&mut self) -> Option<Text<'a>> {
        let length = plain(self.rest);
        let (length, escaped) = match self.rest.get(length) {
            Some(b'"') => (length, false),
            _ => (with_escapes(self.rest)?, true),
        };
        let (raw, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest.get(1..)?;
        Some(Text { raw, escaped })
    }
}

/// Most texts have none, so that the way past it is not part of the way through them.
#[inline(never)]
fn behind_space(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t' | b'\n' | b'\r', rest @ ..] = text {
        text = rest;
    }
    text
}

/// How many bytes, counted by eight, are neither quote, backslash nor control character.
fn plain(bytes: &[u8]) -> usize {
    let (words, _) = bytes.as_chunks();
    let mut length = 0;
    for word in words {
        let word = u64::from_le_bytes(*word);
        // With this bit turned the quote stands next to the control characters, and nothing else does.
        let low = (word ^ splat(0x02)).wrapping_sub(splat(0x21));
        let backslash = (word ^ splat(b'\\')).wrapping_sub(splat(0x01));
        // The high bit of a byte that was too small for what was taken from it. Neither bit that was turned
        // is that one.
        let special = (low | backslash) & !word & splat(0x80);
        if special != 0 {
            // The lowest mark is exact; a borrow can only set false ones above it.
            return length + (special.trailing_zeros() / 8) as usize;
        }
        length += 8;
    }
    length
}

const fn splat(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// The length of a string that begins here, quote excluded: of one with escapes, or near the end of a text.
#[cold]
fn with_escapes(bytes: &[u8]) -> Option<usize> {
    let mut length = 0;
    loop {
        length += plain(bytes.get(length..)?);
        match *bytes.get(length)? {
            b'"' => return Some(length),
            b'\\' => length += escape(bytes.get(length + 1..)?)?,
            0..0x20 => return None,
            _ => {}
        }
        length += 1;
    }
}

/// How many bytes belong to the backslash in front of them.
fn escape(bytes: &[u8]) -> Option<usize> {
    match bytes.first()? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(1),
        b'u' => {
            let digits = bytes.get(1..5)?;
            digits.iter().all(u8::is_ascii_hexdigit).then_some(5)
        }
        _ => None,
    }
}

impl Text<'_> {
    /// Of what is known to be valid between quotes.
    pub(crate) fn of(raw: &[u8]) -> Text<'_> {
        let escaped = raw.contains(&b'\\');
        Text { raw, escaped }
    }

    /// Whether it reads as `text`.
    #[inline]
    pub(crate) fn is(self, text: &str) -> bool {
        if self.escaped {
            self.spells(text)
        } else {
            self.raw == text.as_bytes()
        }
    }

    /// UTF-16 is what `\u` escapes spell. A lone surrogate equals nothing in a name from a rule.
    fn spells(self, text: &str) -> bool {
        let units = |raw| Units {
            chars: str::chars(raw),
            low: None,
        };
        std::str::from_utf8(self.raw).is_ok_and(|raw| units(raw).eq(text.encode_utf16()))
    }
}

struct Units<'a> {
    chars: std::str::Chars<'a>,
    /// The second half of a pair.
    low: Option<u16>,
}

impl Iterator for Units<'_> {
    type Item = u16;

    fn next(&mut self) -> Option<u16> {
        if let Some(low) = self.low.take() {
            return Some(low);
        }
        let mut unit = [0; 2];
        let char = match self.chars.next()? {
            '\\' => match self.chars.next()? {
                'u' => return self.hex(),
                'b' => '\u{8}',
                'f' => '\u{c}',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                itself => itself,
            },
            plain => plain,
        };
        if char.encode_utf16(&mut unit).len() == 2 {
            self.low = unit.last().copied();
        }
        unit.first().copied()
    }
}

impl Units<'_> {
    fn hex(&mut self) -> Option<u16> {
        let mut digit = || self.chars.next()?.to_digit(16);
        let unit = digit()? << 12 | digit()? << 8 | digit()? << 4 | digit()?;
        u16::try_from(unit).ok()
    }
}
