use http::Method;
use proptest::prelude::*;

use super::*;
use crate::rule::Rules;
use crate::rule::spec::RuleSpec;

fn share(share: f64) -> EnforceShare {
    EnforceShare::new(share).unwrap()
}

/// As the API's ids are written.
fn id(number: u128) -> String {
    let part = |shift: u32, bits: u32| number >> shift & ((1 << bits) - 1);
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        part(96, 32),
        part(80, 16),
        part(64, 16),
        part(48, 16),
        part(0, 48)
    )
}

proptest! {
    #[test]
    fn a_larger_share_has_all_that_a_smaller_one_has(
        number: u128,
        one in 0.0..=1.0_f64,
        other in 0.0..=1.0_f64,
    ) {
        let (less, more) = if one < other { (one, other) } else { (other, one) };
        let id = id(number);
        prop_assert!(!share(less).has(&id) || share(more).has(&id));
        prop_assert!(share(1.0).has(&id) && !share(0.0).has(&id));
    }

    #[test]
    fn a_conversation_is_on_one_side_by_whatever_path_it_is_reached(
        number: u128,
        part in 0.0..=1.0_f64,
        medium in prop::sample::select(vec!["", "/calls", "/emails", "/web/instances"]),
    ) {
        let (id, rules, share) = (id(number), Rules::strict(), share(part));
        for (id, participant) in [(id.clone(), "p1"), (id.to_uppercase(), "p2")] {
            let path = format!("/api/v2/conversations{medium}/{id}/participants/{participant}");
            let found = rules.find(&Method::PATCH, &path).unwrap();
            prop_assert_eq!(share.takes(&found), share.has(&id.to_lowercase()));
        }
    }

    /// For ids that were drawn, and for those that were counted up.
    #[test]
    fn it_is_as_large_as_it_says(first: u128, step in 1..=0x1_0000_0001_u128, part in 0.05..=0.95_f64) {
        let ids = (0..4000).map(|at| id(first.wrapping_add(step.wrapping_mul(at))));
        let taken = ids.filter(|id| share(part).has(id)).count();
        // Six times the deviation of as many throws of a coin that falls so.
        let off = (f64::from(u32::try_from(taken).unwrap()) - 4000.0 * part).abs();
        prop_assert!(off < 6.0 * (4000.0 * part * (1.0 - part)).sqrt(), "{taken} of 4000 at {part}");
    }
}

/// Replicas of several versions may serve at once: what these say may never change.
#[test]
fn the_side_is_the_same_for_ever() {
    let ids = (0..12).map(id);
    let half: Vec<_> = ids.map(|id| u8::from(share(0.5).has(&id))).collect();
    assert_eq!(half, [1, 0, 0, 0, 1, 0, 0, 1, 1, 0, 0, 1]);
}

#[test]
fn a_request_without_a_conversation_is_taken_by_its_other_parameters_or_only_with_all() {
    let rule = RuleSpec {
        name: "r".to_owned(),
        methods: vec![Method::POST],
        paths: vec!["/none".to_owned(), "/{a}/of/{b}".to_owned()],
        content_type: Some("application/json".to_owned()),
        ..RuleSpec::default()
    };
    let rules = Rules::compile(&[], &[rule], &[]).unwrap();
    let takes =
        |part: f64, path: &str| share(part).takes(&rules.find(&Method::POST, path).unwrap());
    assert!(takes(1.0, "/none") && !takes(0.999_999, "/none"));
    let count = (0..1000)
        .filter(|number| takes(0.5, &format!("/{number}/of/{number}")))
        .count();
    assert!((400..600).contains(&count), "{count}");
    // Where one ends and the next begins makes a difference.
    let differ =
        (0..64).any(|n| takes(0.5, &format!("/{n}1/of/x")) != takes(0.5, &format!("/{n}/of/1x")));
    assert!(differ);
}

#[test]
fn a_share_is_from_none_to_all() {
    for wrong in [-0.1, 1.000_001, f64::NAN, f64::INFINITY] {
        assert_eq!(EnforceShare::new(wrong), None, "{wrong}");
    }
    assert_eq!(share(-0.0).get().to_string(), "0");
    assert_eq!(EnforceShare::default(), share(1.0));
}
