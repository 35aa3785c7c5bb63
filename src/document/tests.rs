use http::Method;

use super::*;

/// Reads `text` and answers the faults, one per line.
fn faults_of(text: &str, read: impl FnOnce(&mut Table<'_>)) -> Vec<String> {
    let sink = FaultSink::default();
    let node = parse("a.toml", text, &sink);
    let mut table = Table::root(&node, &sink);
    read(&mut table);
    table.finish();
    let faults = sink.finish(()).err();
    faults.map_or_else(Vec::new, |faults| {
        faults.to_string().lines().map(str::to_owned).collect()
    })
}

fn value_of<T>(text: &str, read: impl FnOnce(&mut Table<'_>) -> T) -> T {
    let mut value = None;
    assert_eq!(faults_of(text, |table| value = Some(read(table))), [""; 0]);
    value.unwrap()
}

#[test]
fn every_fault_is_reported_with_its_line_and_key_and_in_order() {
    let text = "\n[b]\nflag = 1\nnumber = 11\n[a]\nword = \"of\"\ntext = ''\nlist = ['x',\n  7]\n";
    let faults = faults_of(text, |root| {
        let mut a = root.table("a");
        a.word("word", &[("off", 0), ("on", 1)]);
        a.string("text", "\"x\"");
        a.strings("list", "[\"x\"]");
        a.finish();
        let mut b = root.table("b");
        b.bool("flag");
        b.integer("number", 1, 10);
        b.finish();
    });
    assert_eq!(
        faults,
        [
            "a.toml:3: b.flag: expected true or false, found 1",
            "a.toml:4: b.number: expected an integer from 1 to 10, found 11",
            "a.toml:6: a.word: expected \"off\" or \"on\", found \"of\"; did you mean \"off\"?",
            "a.toml:7: a.text: expected a string such as \"x\", found \"\"",
            "a.toml:9: a.list[1]: expected a string that is not empty, found 7",
        ]
    );
}

#[test]
fn a_fault_is_one_line_whatever_a_key_is_called() {
    let faults = faults_of("\"a\\nb\\u001b[31m\" = 1\n", |_| ());
    assert_eq!(faults, ["a.toml:1: a\\nb\\u{1b}[31m: unknown key"]);
}

#[test]
fn unknown_keys_are_faults_and_near_ones_are_suggested() {
    let faults = faults_of("tiemout = 1\nzebra = 2\n", |root| {
        root.integer("timeout", 0, 9);
        root.integer("capacity", 0, 9);
    });
    assert_eq!(
        faults,
        [
            "a.toml:1: tiemout: unknown key; did you mean \"timeout\"?",
            "a.toml:2: zebra: unknown key",
        ]
    );
}

#[test]
fn entries_of_a_list_are_called_by_their_name_and_else_by_their_index() {
    let text = "[[rule]]\nname = 'first'\nx = 0\n[[rule]]\nx = 0\n[[rule]]\nname = 'a b'\nx = 0\n";
    let faults = faults_of(text, |root| {
        for mut rule in root.tables("rule") {
            rule.bool("x");
            rule.name("name", "\"a\"");
            rule.require("paths", "paths = []");
            rule.finish();
        }
    });
    let keys: Vec<_> = faults
        .iter()
        .map(|f| f.rsplit_once(": ").unwrap().0)
        .collect();
    assert!(
        keys[0].starts_with("a.toml:1: rule \"first\".paths: is missing"),
        "{keys:?}"
    );
    assert_eq!(keys[1], "a.toml:3: rule \"first\".x");
    assert!(keys[2].starts_with("a.toml:4: rule[1].paths"), "{keys:?}");
    assert_eq!(keys[3], "a.toml:5: rule[1].x");
    // A name that may not be shown in headers is not used to speak of the entry either.
    assert!(keys[5].starts_with("a.toml:7: rule[2].name"), "{keys:?}");
}

#[test]
fn tables_of_the_users_keys_keep_the_order_written() {
    let pairs = value_of("fill = { '/z' = 'a', '/a' = 'z' }", |root| {
        root.string_map("fill", "{}")
    });
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(pairs.unwrap(), [pair("/z", "a"), pair("/a", "z")]);

    let lists = value_of("[f]\nz = ['1', '2']\na = '3'", |root| {
        root.string_list_map("f", "{}")
    });
    let names: Vec<_> = lists.unwrap().into_iter().collect();
    assert_eq!(
        names[0],
        ("z".to_owned(), vec!["1".to_owned(), "2".to_owned()])
    );
    assert_eq!(names[1], ("a".to_owned(), vec!["3".to_owned()]));

    let faults = faults_of("[fill]\n'/a' = 'x'\n'/state' = 1\n", |root| {
        assert_eq!(root.string_map("fill", "{}"), None);
    });
    assert_eq!(
        faults,
        ["a.toml:3: fill./state: expected a string that is not empty, found 1"]
    );
}

#[test]
fn syntax_errors_have_line_and_column_and_one_does_not_hide_the_next() {
    let faults = faults_of("a = 1\nb = = 2\nc = 3\nc = 4\né = 'x\n", |root| {
        for key in ["a", "b", "c", "é"] {
            root.node(key);
        }
    });
    assert_eq!(faults.len(), 3, "{faults:#?}");
    assert!(
        faults[0].starts_with("a.toml:2:5: not TOML: "),
        "{faults:?}"
    );
    assert!(
        faults[1].starts_with("a.toml:4:1: not TOML: duplicate key"),
        "{faults:?}"
    );
    assert!(faults[2].starts_with("a.toml:5:"), "{faults:?}");
}

#[test]
fn a_byte_order_mark_does_not_move_or_break_anything() {
    let faults = faults_of("\u{feff}a = 1\n", |root| {
        root.bool("a");
    });
    assert_eq!(faults, ["a.toml:1: a: expected true or false, found 1"]);
}

#[test]
fn methods_are_capitals_and_at_least_one() {
    let methods = value_of("m = ['PATCH', 'PUT']", |root| root.methods("m"));
    assert_eq!(methods.unwrap(), [Method::PATCH, Method::PUT]);
    for text in ["m = ['patch']", "m = []", "m = 'PATCH'", "m = ['A B']"] {
        let faults = faults_of(text, |root| assert_eq!(root.methods("m"), None));
        assert_eq!(faults.len(), 1, "{text}: {faults:?}");
    }
}

#[test]
fn statuses_are_three_digits_and_the_ones_allowed() {
    let faults = faults_of("s = [400, 40, 404, '400']", |root| {
        root.statuses("s", |status| match status.as_u16() {
            404 => Err("404 is final".to_owned()),
            _ => Ok(()),
        });
    });
    assert_eq!(
        faults,
        [
            "a.toml:1: s[1]: expected an HTTP status such as 400, found 40",
            "a.toml:1: s[2]: 404 is final",
            "a.toml:1: s[3]: expected an HTTP status such as 400, found \"400\"",
        ]
    );
}

#[test]
fn text_without_a_type_takes_the_one_that_is_wanted() {
    let place = Place::Variable("V".into());
    let text = |raw: &str| Node::text(raw, place.clone());
    assert_eq!(text("official").as_str(), Some("official"));
    assert_eq!(text("\"official\"").as_str(), Some("official"));
    assert_eq!(text("12").as_str(), Some("12"));
    assert_eq!(text("12").as_integer(), Some(12));
    assert_eq!(text(" true ").as_bool(), Some(true));
    assert_eq!(text("[400, 409]").as_list().map(<[_]>::len), Some(2));
    assert_eq!(text("yes").as_bool(), None);
    assert_eq!(text("{ a = 1 }").as_table().unwrap()[0].node.place, place);
}

#[test]
fn integers_beyond_every_range_are_out_of_range_and_not_wrapped() {
    for number in ["99999999999999999999999999999999999999999999", "-1", "0"] {
        let faults = faults_of(&format!("n = {number}"), |root| {
            assert_eq!(root.integer("n", 1, u64::MAX), None);
        });
        assert_eq!(faults.len(), 1, "{number}: {faults:?}");
    }
}

#[test]
fn long_values_are_cut_in_messages() {
    let text = format!("b = \"{}\"", "é".repeat(100));
    let faults = faults_of(&text, |root| {
        root.bool("b");
    });
    assert!(
        faults[0].ends_with("é\"…") && faults[0].len() < 200,
        "{faults:?}"
    );
}
