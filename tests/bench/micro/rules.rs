//! Which rule applies, of 1 to 1 000, and in the packs.

use divan::{Bencher, black_box};
use http::Method;
use patchwright::rule::Rules;

use crate::subjects::rules::{PATHS, last_path, many};

#[divan::bench(args = [1, 10, 100, 1000], name = "match")]
fn matches(bencher: Bencher<'_, '_>, count: usize) {
    let (rules, path) = (many(count), last_path(count));
    bencher.bench(|| rules.find(&Method::PATCH, black_box(&path)).is_some());
}

#[divan::bench(args = ["strict", "official"])]
fn match_six_in_pack(bencher: Bencher<'_, '_>, pack: &str) {
    let rules = match pack {
        "strict" => Rules::strict(),
        _ => Rules::official(),
    };
    bencher.bench(|| {
        let found = PATHS
            .iter()
            .filter(|path| rules.find(&Method::PATCH, black_box(path)).is_some());
        found.count()
    });
}
