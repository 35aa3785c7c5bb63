//! A pasted command line in words, as the shell that it is for would split it. Pure.

use std::iter::Peekable;
use std::str::Chars;

/// Why a text is no command line.
pub(super) type Problem = String;

/// The words of the first command in `text`: by POSIX sh with bash's `$'…'`, or by Windows' cmd where the
/// text has its carets. Nothing is expanded: `$TOKEN` stays what it is.
pub(super) fn words(text: &str) -> Result<Vec<String>, Problem> {
    let text = text.replace("\r\n", "\n");
    if text.contains("^\"") || text.lines().any(|line| line.trim_end().ends_with(" ^")) {
        return of_cmd(&text);
    }
    of_sh(&text)
}

fn of_sh(text: &str) -> Result<Vec<String>, Problem> {
    let mut chars = text.chars().peekable();
    let mut words = Vec::new();
    // `''` is a word, nothing is none.
    let mut word: Option<String> = None;
    while let Some(char) = chars.next() {
        match char {
            '\n' if words.is_empty() && word.is_none() => {}
            // Whatever follows is another command, or where the output goes.
            '|' | ';' | '&' | '<' | '>' => break,
            '\n' => {
                if chars.clone().find(|next| !next.is_whitespace()) == Some('-') {
                    return Err(
                        "a line break ends the command: write \\ at the end of the line before \
                                each that begins with an option"
                            .to_owned(),
                    );
                }
                break;
            }
            '#' if word.is_none() => break,
            char if char.is_whitespace() => words.extend(word.take()),
            '\\' => match chars.next() {
                Some('\n') | None => {}
                Some(next) => word.get_or_insert_default().push(next),
            },
            '\'' => single(&mut chars, word.get_or_insert_default())?,
            '"' => double(&mut chars, word.get_or_insert_default())?,
            '$' if chars.next_if_eq(&'\'').is_some() => {
                ansi_c(&mut chars, word.get_or_insert_default())?;
            }
            '$' if chars.next_if_eq(&'"').is_some() => {
                double(&mut chars, word.get_or_insert_default())?;
            }
            char => word.get_or_insert_default().push(char),
        }
    }
    words.extend(word);
    Ok(words)
}

fn open(quote: &str) -> Problem {
    format!("a {quote} is never closed: was all of the command copied?")
}

fn single(chars: &mut Peekable<Chars<'_>>, word: &mut String) -> Result<(), Problem> {
    loop {
        match chars.next().ok_or_else(|| open("single quote"))? {
            '\'' => return Ok(()),
            char => word.push(char),
        }
    }
}

/// Before any other character a backslash is one.
fn double(chars: &mut Peekable<Chars<'_>>, word: &mut String) -> Result<(), Problem> {
    loop {
        match chars.next().ok_or_else(|| open("double quote"))? {
            '"' => return Ok(()),
            '\\' => match chars.next() {
                Some('\n') | None => {}
                Some(char @ ('"' | '\\' | '$' | '`')) => word.push(char),
                Some(char) => word.extend(['\\', char]),
            },
            char => word.push(char),
        }
    }
}

/// Bash's `$'…'`, in which browsers write what holds quotes, line breaks or an exclamation mark.
fn ansi_c(chars: &mut Peekable<Chars<'_>>, word: &mut String) -> Result<(), Problem> {
    loop {
        let char = match chars.next().ok_or_else(|| open("$'"))? {
            '\'' => return Ok(()),
            '\\' => match chars.next().ok_or_else(|| open("$'"))? {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                'a' => '\u{7}',
                'b' => '\u{8}',
                'f' => '\u{c}',
                'v' => '\u{b}',
                'e' | 'E' => '\u{1b}',
                'x' => number(chars, 16, 2)?,
                'u' => utf16(chars)?,
                'U' => number(chars, 16, 8)?,
                digit @ '0'..='7' => {
                    let first = digit.to_digit(8).unwrap_or_default();
                    octal(chars, first)?
                }
                char @ ('\\' | '\'' | '"' | '?') => char,
                char => {
                    word.push('\\');
                    char
                }
            },
            char => char,
        };
        word.push(char);
    }
}

fn digits(chars: &mut Peekable<Chars<'_>>, radix: u32, most: usize, first: u32) -> u32 {
    let mut value = first;
    for _ in 0..most {
        let Some(digit) = chars.peek().and_then(|char| char.to_digit(radix)) else {
            break;
        };
        chars.next();
        value = value.saturating_mul(radix).saturating_add(digit);
    }
    value
}

fn number(chars: &mut Peekable<Chars<'_>>, radix: u32, most: usize) -> Result<char, Problem> {
    // Bytes beyond ASCII would have to be put together: nobody writes them so, `\u` is there.
    let value = digits(chars, radix, most, 0);
    let is_byte = most == 2 && value > 0x7f;
    char::from_u32(value)
        .filter(|_| !is_byte)
        .ok_or_else(|| format!("in $'…' \\{value:x} is no character"))
}

fn octal(chars: &mut Peekable<Chars<'_>>, first: u32) -> Result<char, Problem> {
    let value = digits(chars, 8, 2, first);
    let char = char::from_u32(value).filter(char::is_ascii);
    char.ok_or_else(|| format!("in $'…' \\{value:o} is no character"))
}

/// Browsers write JavaScript's units: what is beyond 16 bits comes in two.
fn utf16(chars: &mut Peekable<Chars<'_>>) -> Result<char, Problem> {
    let high = digits(chars, 16, 4, 0);
    let mut units = vec![u16::try_from(high).unwrap_or_default()];
    if (0xd800..0xdc00).contains(&high) {
        let mut ahead = chars.clone();
        if ahead.next() == Some('\\') && ahead.next() == Some('u') {
            *chars = ahead;
            units.push(u16::try_from(digits(chars, 16, 4, 0)).unwrap_or_default());
        }
    }
    let char = char::decode_utf16(units).next().and_then(Result::ok);
    char.ok_or_else(|| format!("in $'…' \\u{high:04x} is half a character"))
}

/// What cmd makes of its carets, and then what a C program makes of its quotes.
fn of_cmd(text: &str) -> Result<Vec<String>, Problem> {
    let mut line = String::new();
    let mut chars = text.trim().chars();
    let mut quoted = false;
    while let Some(char) = chars.next() {
        match char {
            // What comes after a caret is itself. A line break after it is nothing, and then comes a
            // character that is itself, a second line break among them.
            '^' if !quoted => match chars.next() {
                Some('\n') => line.extend(chars.next()),
                Some(next) => line.push(next),
                None => {}
            },
            '\n' => break,
            '&' | '|' | '<' | '>' if !quoted => break,
            char => {
                quoted ^= char == '"';
                line.push(char);
            }
        }
    }
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quoted = false;
    let mut chars = line.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\\' => {
                let mut backslashes = 1;
                while chars.next_if_eq(&'\\').is_some() {
                    backslashes += 1;
                }
                let word = word.get_or_insert_default();
                if chars.peek() == Some(&'"') {
                    word.extend(std::iter::repeat_n('\\', backslashes / 2));
                    if backslashes % 2 == 1 {
                        word.extend(chars.next());
                    }
                } else {
                    word.extend(std::iter::repeat_n('\\', backslashes));
                }
            }
            '"' if quoted && chars.next_if_eq(&'"').is_some() => {
                word.get_or_insert_default().push('"');
            }
            '"' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            char if char.is_whitespace() && !quoted => words.extend(word.take()),
            char => word.get_or_insert_default().push(char),
        }
    }
    if quoted {
        return Err(open("double quote"));
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_the_shell() {
        for (text, expected) in [
            ("curl a  b\tc", &["curl", "a", "b", "c"][..]),
            (
                "curl 'a \"b\\' \"c'd\\\"\\x$e\" ''",
                &["curl", "a \"b\\", "c'd\"\\x$e", ""],
            ),
            ("curl \\\n  -X \\\r\n PATCH", &["curl", "-X", "PATCH"]),
            ("curl a'b'\"c\"\\ d", &["curl", "abc d"]),
            ("\n curl 'a&b' | jq .", &["curl", "a&b"]),
            ("curl a # b", &["curl", "a"]),
            ("curl a#b\necho", &["curl", "a#b"]),
            (
                "curl -H \"Authorization: Bearer $TOKEN\"",
                &["curl", "-H", "Authorization: Bearer $TOKEN"],
            ),
            (
                r"curl $'it\'s \u0021\n\x41\101\\ \ud83d\ude00'",
                &["curl", "it's !\nAA\\ 😀"],
            ),
        ] {
            assert_eq!(words(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn words_are_those_of_windows_where_there_are_carets() {
        let chrome = "curl ^\"https://a/b?c=d^&e=^%^20^\" ^\n  -H ^\"accept: */*^\" ^\n  --data-raw \
                      ^\"^{^\\^\"a^\\^\":^\\^\"x y^\\^\"^}^\"";
        assert_eq!(
            words(chrome).unwrap(),
            [
                "curl",
                "https://a/b?c=d&e=%20",
                "-H",
                "accept: */*",
                "--data-raw",
                r#"{"a":"x y"}"#
            ]
        );
        let older = "curl \"https://a/\" ^\r\n  --data-binary \"{\\\"a\\\":1}\" & echo";
        assert_eq!(
            words(older).unwrap(),
            ["curl", "https://a/", "--data-binary", r#"{"a":1}"#]
        );
        assert_eq!(words("curl ^\"a^\n\nb^\"").unwrap(), ["curl", "a\nb"]);
    }

    #[test]
    fn what_was_not_copied_whole_is_said() {
        for text in ["curl 'a", "curl \"a", "curl $'a", "curl ^\"a"] {
            assert!(words(text).unwrap_err().contains("never closed"), "{text}");
        }
        let lost = words("curl https://a\n -H 'b: c'").unwrap_err();
        assert!(lost.contains("line break"), "{lost}");
        assert!(words(r"curl $'\ud83d'").is_err() && words(r"curl $'\xff'").is_err());
    }
}
