//! The tokens of RFC 8259, read from bytes that are known to be UTF-8.

/// What stands between the quotes of a string, and is known to be valid there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text<'a> {
    pub(crate) raw: &'a [u8],
    /// Whether it is not what it reads as.
    pub(crate) escaped: bool,
}

/// A position in a body.
#[derive(Debug)]
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    pub(crate) fn at(&self) -> usize {
        self.at
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.at >= self.bytes.len()
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    pub(crate) fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    pub(crate) fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    pub(crate) fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// The rest of `true`, `false` or `null`.
    pub(crate) fn literal(&mut self, rest: &[u8]) -> Option<()> {
        let end = self.at + rest.len();
        (self.bytes.get(self.at..end)? == rest).then(|| self.at = end)
    }

    /// The rest of a number (section 6) whose first byte was read.
    pub(crate) fn number(&mut self, first: u8) -> Option<()> {
        let lead = if first == b'-' { self.next()? } else { first };
        match lead {
            b'0' => {}
            b'1'..=b'9' => self.skip_digits(),
            _ => return None,
        }
        if self.eat(b'.') {
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        Some(())
    }

    fn skip_digits(&mut self) {
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
    }

    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        self.skip_digits();
        (self.at > start).then_some(())
    }

    /// The rest of a string (section 7) whose quote was read, with its closing quote. An escaped lone
    /// surrogate is valid here: section 8.2 leaves it to the receiver.
    pub(crate) fn string(&mut self) -> Option<Text<'a>> {
        let rest = self.bytes.get(self.at..)?;
        let (mut length, mut escaped) = (0, false);
        loop {
            length += plain(rest.get(length..)?);
            match *rest.get(length)? {
                b'"' => break,
                b'\\' => {
                    escaped = true;
                    length += escape(rest.get(length + 1..)?)?;
                }
                0..0x20 => return None,
                _ => {}
            }
            length += 1;
        }
        self.at += length + 1;
        let raw = rest.get(..length)?;
        Some(Text { raw, escaped })
    }

    /// Skips the value that begins here, in a text that is known to be JSON.
    pub(crate) fn skip_value(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            match self.next()? {
                b'"' => {
                    self.string()?;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth = depth.checked_sub(1)?,
                b',' | b':' | b' ' | b'\t' | b'\n' | b'\r' => continue,
                // A number or a literal ends where its value does.
                _ => {
                    while let Some(b'0'..=b'9' | b'a'..=b'z' | b'E' | b'+' | b'-' | b'.') =
                        self.peek()
                    {
                        self.at += 1;
                    }
                }
            }
            if depth == 0 {
                return Some(());
            }
        }
    }

    /// The text from `start` to in front of the byte read last (the closing quote of a string).
    pub(crate) fn since(&self, start: usize) -> Option<&'a [u8]> {
        self.bytes.get(start..self.at - 1)
    }
}

/// How many bytes, counted by eight, are neither quote, backslash nor control character.
fn plain(bytes: &[u8]) -> usize {
    let (words, _) = bytes.as_chunks();
    let mut length = 0;
    for word in words {
        let word = u64::from_le_bytes(*word);
        let special = has_zero(word ^ splat(b'"'))
            | has_zero(word ^ splat(b'\\'))
            | (word.wrapping_sub(splat(0x20)) & !word & splat(0x80));
        if special != 0 {
            // The lowest mark is exact; a borrow can only set false ones above it.
            return length + (special.trailing_zeros() / 8) as usize;
        }
        length += 8;
    }
    length
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

const fn splat(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// The high bit of each byte of `word` that is zero (and perhaps of ones above it).
const fn has_zero(word: u64) -> u64 {
    word.wrapping_sub(splat(1)) & !word & splat(0x80)
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
