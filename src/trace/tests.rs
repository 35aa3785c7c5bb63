use proptest::prelude::*;

use super::*;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN: &str = "00f067aa0ba902b7";

fn drawn(trace: u128, span: u64) -> Draw {
    Draw {
        trace: NonZeroU128::new(trace).unwrap(),
        span: NonZeroU64::new(span).unwrap(),
    }
}

fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(*name, HeaderValue::from_str(value).unwrap());
    }
    headers
}

fn parsed(value: &str) -> Option<String> {
    let context = Context::parse(value.as_bytes())?;
    Some(context.header().to_str().unwrap().to_owned())
}

#[test]
fn the_examples_of_the_specification_are_read() {
    for (value, expected) in [
        (format!("00-{TRACE}-{SPAN}-01"), "01"),
        (format!("00-{TRACE}-{SPAN}-00"), "00"),
        // Level 2: random.
        (format!("00-{TRACE}-{SPAN}-03"), "03"),
        // Flags that nobody has defined yet are not passed on.
        (format!("00-{TRACE}-{SPAN}-ff"), "03"),
        // Later versions, of which only the sampled flag is understood.
        (format!("cc-{TRACE}-{SPAN}-01"), "01"),
        (format!("cc-{TRACE}-{SPAN}-03"), "01"),
        (
            format!("cc-{TRACE}-{SPAN}-01-what-the-future-will-be-like"),
            "01",
        ),
        (format!("01-{TRACE}-{SPAN}-00-"), "00"),
    ] {
        let expected = format!("00-{TRACE}-{SPAN}-{expected}");
        assert_eq!(parsed(&value), Some(expected), "{value}");
    }
}

#[test]
fn what_the_specification_calls_invalid_is() {
    let zeros = "0".repeat(32);
    for value in [
        String::new(),
        "00".to_owned(),
        format!("ff-{TRACE}-{SPAN}-01"),
        format!("0-{TRACE}-{SPAN}-01"),
        format!("00-{zeros}-{SPAN}-01"),
        format!("00-{TRACE}-0000000000000000-01"),
        format!("00-{}-{SPAN}-01", TRACE.to_uppercase()),
        format!("00-{TRACE}-{}-01", SPAN.to_uppercase()),
        format!("0A-{TRACE}-{SPAN}-01"),
        format!("00-{TRACE}-{SPAN}-0A"),
        format!("00-{TRACE}-{SPAN}-01-"),
        format!("00-{TRACE}-{SPAN}-01-more"),
        format!("00-{TRACE}-{SPAN}-1"),
        format!("00-{TRACE}-{SPAN}"),
        format!("cc-{TRACE}-{SPAN}-01.what-the-future-will-not-be-like"),
        format!("00-{TRACE}0-{SPAN}-01"),
        format!("00-{}-{SPAN}-01", TRACE.trim_start_matches('4')),
        format!(" 00-{TRACE}-{SPAN}-01"),
        format!("00_{TRACE}_{SPAN}_01"),
    ] {
        assert_eq!(parsed(&value), None, "{value:?}");
    }
}

#[test]
fn a_trace_goes_on_with_its_state_and_our_span() {
    let came = format!("00-{TRACE}-{SPAN}-01");
    let mut headers = headers(&[
        ("traceparent", &came),
        ("tracestate", "a=1"),
        ("tracestate", "b=2"),
    ]);
    let (own, parent) = enter(&mut headers, Share::NONE, || drawn(1, 0xabc));
    assert_eq!(
        headers[TRACEPARENT],
        format!("00-{TRACE}-0000000000000abc-01")
    );
    assert_eq!(headers.get_all(TRACESTATE).iter().count(), 2);
    assert_eq!(
        parent.map(|id| SpanId(id).to_string()).as_deref(),
        Some(SPAN)
    );
    assert!(own.is_sampled());
    assert_eq!(own.trace_id().to_string(), TRACE);
}

#[test]
fn without_a_valid_one_a_trace_begins_and_takes_no_state_over() {
    let came = format!("00-{TRACE}-{SPAN}-01");
    for lines in [
        &[("tracestate", "a=1")][..],
        &[("traceparent", "nonsense"), ("tracestate", "a=1")],
        // Of several none counts, be they the same.
        &[
            ("traceparent", &came),
            ("traceparent", &came),
            ("tracestate", "a=1"),
        ],
    ] {
        let mut headers = headers(lines);
        let (own, parent) = enter(&mut headers, Share::NONE, || drawn(0xdef, 0xabc));
        assert_eq!(parent, None);
        assert!(!own.is_sampled());
        let all: Vec<_> = headers.get_all(TRACEPARENT).iter().collect();
        assert_eq!(all, [&format!("00-{:032x}-{:016x}-00", 0xdef, 0xabc)]);
        assert!(!headers.contains_key(TRACESTATE));
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_as_the_same(trace in 1_u128.., span in 1_u64.., flags in 0..4_u8) {
        let drawn = drawn(trace, span);
        let context = Context { trace: drawn.trace, span: drawn.span, flags };
        let header = context.header();
        prop_assert_eq!(header.len(), LENGTH);
        prop_assert_eq!(Context::parse(header.as_bytes()), Some(context));
        let said = format!("00-{trace:032x}-{span:016x}-{flags:02x}");
        prop_assert_eq!(header, said);
    }

    #[test]
    fn what_is_read_says_what_was_written(value in "[0-9a-f]{1,3}-[0-9a-fA-F]{31,33}-[0-9a-f]{15,17}-[0-9a-f]{2}(-.*)?") {
        let Some(context) = Context::parse(value.as_bytes()) else {
            return Ok(());
        };
        let written = context.header();
        let written = written.to_str().unwrap();
        let fields = |text: &str| text.split('-').map(str::to_owned).collect::<Vec<_>>();
        let (sent, came) = (fields(written), fields(&value));
        // All but the version and the flags, which may become fewer.
        prop_assert_eq!(&sent[1..3], &came[1..3]);
        let flags = |fields: &[String]| u8::from_str_radix(&fields[3], 16).unwrap();
        prop_assert_eq!(flags(&sent) & !flags(&came), 0);
        prop_assert_eq!(flags(&sent) & SAMPLED, flags(&came) & SAMPLED);
        prop_assert!(came[0] != "00" || value.len() == LENGTH);
    }

    #[test]
    fn nothing_that_comes_is_too_strange(value in proptest::collection::vec(any::<u8>(), 0..80)) {
        let _ = Context::parse(&value);
    }

    #[test]
    fn a_request_leaves_with_exactly_one_valid_traceparent(
        came in proptest::collection::vec("[ -~]{0,60}", 0..3),
        state in proptest::option::of("[a-z]=[a-z]"),
        trace in 1_u128..,
        span in 1_u64..,
    ) {
        let mut lines: Vec<_> = came.iter().map(|value| ("traceparent", value.as_str())).collect();
        lines.extend(state.iter().map(|value| ("tracestate", value.as_str())));
        let mut headers = headers(&lines);
        let before = Context::of(&headers);
        let (own, parent) = enter(&mut headers, Share::new(1.0), || drawn(trace, span));
        prop_assert_eq!(Context::of(&headers), Some(own));
        prop_assert_eq!(headers.get_all(TRACEPARENT).iter().count(), 1);
        prop_assert_eq!(own.span.get(), span);
        prop_assert_eq!(before.map(|context| context.span), parent);
        prop_assert_eq!(headers.contains_key(TRACESTATE), before.is_some() && state.is_some());
    }

    #[test]
    fn a_larger_share_has_all_of_a_smaller_one(trace in 1_u128.., one in 0.0..=1.0, other in 0.0..=1.0) {
        let (less, more) = if one < other { (one, other) } else { (other, one) };
        let trace = NonZeroU128::new(trace).unwrap();
        prop_assert!(!Share::new(less).has(trace) || Share::new(more).has(trace));
        prop_assert!(Share::new(1.0).has(trace) && !Share::NONE.has(trace));
    }
}

#[test]
fn a_share_is_one() {
    let share = Share::new(0.25);
    let taken = (0..10_000).filter(|_| share.has(ids::draw().trace)).count();
    // Twelve standard deviations to either side.
    assert!((2000..3000).contains(&taken), "{taken}");
}
