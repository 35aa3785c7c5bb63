use proptest::prelude::*;

use super::*;

fn picture(old: &str, new: &str, spans: &[Span]) -> Vec<String> {
    let edits = edits(old, new, spans);
    let line = |sign: char, text: &str, line: &Range<usize>, marks: &[Range<usize>]| {
        let mut shown = format!("{sign} ");
        let mut at = line.start;
        for mark in marks {
            shown += text.get(at..mark.start).unwrap();
            shown.extend(["[", text.get(mark.clone()).unwrap(), "]"]);
            at = mark.end;
        }
        shown + text.get(at..line.end).unwrap()
    };
    let row = |row: &Row| match row {
        Row::Same(it) => line(' ', old, it, &[]),
        Row::Skipped(lines) => format!("… {lines}"),
        Row::Gone(it, marks) => line('-', old, it, marks),
        Row::Come(it, marks) => line('+', new, it, marks),
    };
    rows(old, new, &edits).iter().map(row).collect()
}

#[test]
fn spans_say_what_was_put_in() {
    let old = r#"{"attributes":{},"state":null}"#;
    let new = r#"{"routing":{},"attributes":{},"state":"held"}"#;
    let spans = [
        Span {
            at: 1..1,
            inserted: 13,
        },
        Span {
            at: 25..29,
            inserted: 6,
        },
    ];
    assert_eq!(
        picture(old, new, &spans),
        [
            r#"- {"attributes":{},"state":[null]}"#,
            r#"+ {["routing":{},]"attributes":{},"state":["held"]}"#
        ]
    );
}

#[test]
fn spans_that_are_about_other_bytes_are_not_believed() {
    let spans = [Span {
        at: 1..1,
        inserted: 2,
    }];
    assert_eq!(
        picture("abc d", "abc e", &spans),
        ["- abc [d]", "+ abc [e]"]
    );
    let beyond = [Span {
        at: 9..12,
        inserted: usize::MAX,
    }];
    assert_eq!(picture("a b", "a c", &beyond), ["- a [b]", "+ a [c]"]);
}

#[test]
fn without_spans_words_are_compared() {
    assert_eq!(
        picture(r#"{"status":"Connected"}"#, r#"{"state":"connected"}"#, &[]),
        [
            r#"- {"[status]":"[Connected]"}"#,
            r#"+ {"[state]":"[connected]"}"#
        ]
    );
}

#[test]
fn of_many_lines_those_around_a_change_are_shown() {
    let old: Vec<_> = (0..20).map(|line| format!("line {line}\n")).collect();
    let old = old.concat();
    let new = old.replace("line 10\n", "line ten\nand\n");
    assert_eq!(
        picture(&old, &new, &[]),
        [
            "… 7",
            "  line 7",
            "  line 8",
            "  line 9",
            "- line [10]",
            "+ line [ten]",
            "+ [and]",
            "  line 11",
            "  line 12",
            "  line 13",
            "… 6"
        ]
    );
}

#[test]
fn a_line_that_was_put_in_leaves_its_neighbours_alone() {
    let (old, new) = ("{\n  \"a\": 1\n}\n", "{\n  \"a\": 1,\n  \"b\": 2\n}\n");
    assert_eq!(
        picture(old, new, &[]),
        [
            "  {",
            "-   \"a\": 1",
            "+   \"a\": 1[,]",
            "+ [  \"b\": 2]",
            "  }"
        ]
    );
    assert_eq!(picture("a\nb\n", "a\nx\nb\n", &[]), ["  a", "+ [x]", "  b"]);
    assert_eq!(picture("", "x", &[]), ["+ [x]"]);
    assert_eq!(picture("x\n", "", &[]), ["- [x]"]);
}

#[test]
fn what_differs_everywhere_is_no_work_for_ever() {
    let of = |word: &str| {
        let words = (0..20_000).map(|number| format!("{word}{number} "));
        words.collect::<String>()
    };
    let (old, new) = (of("a"), of("b"));
    let edits = edits(&old, &new, &[]);
    assert_eq!(edits.len(), 1);
}

proptest! {
    /// The edits, done, make the new text of the old one; and what is shown as gone and come is all of them.
    #[test]
    fn edits_make_the_new_text(old in "([ab,{}\n é]|cd){0,60}", new in "([ab,{}\n é]|cd){0,60}") {
        let mut made = String::new();
        let mut at = 0;
        let edits = edits(&old, &new, &[]);
        for edit in &edits {
            made += old.get(at..edit.old.start).unwrap();
            made += new.get(edit.new.clone()).unwrap();
            at = edit.old.end;
        }
        made += old.get(at..).unwrap();
        prop_assert_eq!(&made, &new);
        let (mut before, mut after) = (Vec::new(), Vec::new());
        let mut skips = false;
        for row in rows(&old, &new, &edits) {
            match row {
                Row::Same(line) => {
                    before.push(old.get(line.clone()).unwrap().to_owned());
                    after.push(old.get(line).unwrap().to_owned());
                }
                Row::Skipped(_) => skips = true,
                Row::Gone(line, _) => before.push(old.get(line).unwrap().to_owned()),
                Row::Come(line, _) => after.push(new.get(line).unwrap().to_owned()),
            }
        }
        if !skips {
            let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
            prop_assert_eq!(before, lines(&old));
            prop_assert_eq!(after, lines(&new));
        }
    }
}
