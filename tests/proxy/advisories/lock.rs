//! What `Cargo.lock` says.

/// All versions of a package.
pub(super) fn versions<'a>(lock: &'a str, package: &str) -> Vec<&'a str> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines();
    let mut versions = Vec::new();
    while let Some(line) = lines.next() {
        if line == name {
            let version = lines
                .next()
                .and_then(|line| line.strip_prefix("version = \""));
            versions.push(version.unwrap().trim_end_matches('"'));
        }
    }
    versions
}

/// What is wrong when a package is not there, or older than `least`.
pub(super) fn older_than(lock: &str, package: &str, least: &str) -> Option<String> {
    let versions = versions(lock, package);
    if versions.is_empty() {
        return Some(format!("Cargo.lock has no {package}"));
    }
    let old = versions
        .iter()
        .find(|version| numbers(version) < numbers(least));
    old.map(|version| format!("{package} {version} is older than {least}"))
}

fn numbers(version: &str) -> Vec<u64> {
    // What stands behind a hyphen makes a version older than the same without, and counts as older here.
    let pre = version.contains('-');
    let release = version.split(['-', '+']).next().unwrap();
    let mut numbers: Vec<u64> = release
        .split('.')
        .map(|part| part.parse().unwrap())
        .collect();
    numbers.push(u64::from(!pre));
    numbers
}

#[test]
fn versions_are_compared_as_numbers() {
    let lock = "[[package]]\nname = \"a\"\nversion = \"0.4.9\"\n\n[[package]]\nname = \"a\"\nversion = \"1.10.0\"\n";
    assert_eq!(versions(lock, "a"), ["0.4.9", "1.10.0"]);
    assert_eq!(older_than(lock, "a", "0.4.9"), None);
    assert!(
        older_than(lock, "a", "0.4.18").is_some(),
        "one of them is older"
    );
    assert!(older_than(lock, "b", "0.0.1").is_some());
    assert!(numbers("1.9.0") < numbers("1.10.0"));
    assert!(numbers("1.0.0-rc.1") < numbers("1.0.0"));
}
