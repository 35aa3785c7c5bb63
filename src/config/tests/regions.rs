//! Upstreams of regions and hosts.

use super::*;

#[track_caller]
fn upstream_fault(keys: &str) -> String {
    fault_of(&format!("[[upstream]]\n{keys}\n"))
}

/// Name, URL, prefix and what is cut off of each upstream of `text`.
#[track_caller]
fn routes(text: &str) -> Vec<(String, String, String, Option<String>)> {
    let config = load(text).unwrap_or_else(|faults| panic!("{faults}"));
    let upstreams = config.upstreams.into_iter();
    upstreams
        .map(|one| (one.name, one.url.to_string(), one.prefix, one.strip_prefix))
        .collect()
}

#[test]
fn a_region_is_a_pair_in_every_combination_of_the_sdks_prefixes() {
    let (api, login) = (
        "https://api.mypurecloud.jp/",
        "https://login.mypurecloud.jp/",
    );
    for (keys, api_at, login_at) in [
        ("", ("/", None), ("/oauth", None)),
        (
            "prefix = \"/a/\"",
            ("/a", Some("/a")),
            ("/a/oauth", Some("/a")),
        ),
        ("login_prefix = \"/b\"", ("/", None), ("/b", Some("/b"))),
        (
            "prefix = \"/a\"\nlogin_prefix = \"/b\"",
            ("/a", Some("/a")),
            ("/b", Some("/b")),
        ),
        (
            "prefix = \"/a\"\nlogin_prefix = \"/\"",
            ("/a", Some("/a")),
            ("/", None),
        ),
    ] {
        let found = routes(&format!(
            "[[upstream]]\nregion = \"ap-northeast-1\"\n{keys}"
        ));
        let one = |name: &str, url: &str, (prefix, strip): (&str, Option<&str>)| {
            (
                name.into(),
                url.into(),
                prefix.into(),
                strip.map(Into::into),
            )
        };
        let expected = [one("api", api, api_at), one("api-login", login, login_at)];
        assert_eq!(found, expected, "{keys}");
    }
}

#[test]
fn a_region_alone_is_as_good_as_an_upstream() {
    let whole = routes("[[upstream]]\nregion = \"mypurecloud.ie\"");
    assert_eq!(routes("region = \"mypurecloud.ie\""), whole);
    assert_eq!(routes("region = \"eu_west_1\"\nupstream = []"), whole);
    let flags = Overrides {
        region: Some("EU_WEST_1".to_owned()),
        ..Overrides::default()
    };
    let flagged = load_with("region = \"mypurecloud.jp\"", &[], flags.clone()).unwrap();
    assert_eq!(flagged.upstreams[0].url.host(), Some("api.mypurecloud.ie"));
    let env = [("PATCHWRIGHT__REGION", "mypurecloud.de")];
    let set = load_with("", &env, Overrides::default()).unwrap();
    assert_eq!(set.upstreams[1].url.host(), Some("login.mypurecloud.de"));

    for (text, env, flags) in [
        ("[[upstream]]\nurl = \"https://h\"", &[][..], flags.clone()),
        (
            "[[upstream]]\nurl = \"https://h\"",
            &env,
            Overrides::default(),
        ),
        ("", &[("PATCHWRIGHT__UPSTREAM__0__URL", "https://h")], flags),
    ] {
        let faults = load_with(text, env, flags).unwrap_err().to_string();
        let problem = "region: there is an [[upstream]], too: write the region there";
        assert!(faults.contains(problem), "{faults}");
        assert_eq!(faults.lines().count(), 1, "{faults}");
    }
}

#[test]
fn what_says_two_things_beside_a_region_is_a_fault() {
    for (keys, fault) in [
        (
            "region = \"mypurecloud.jq\"",
            ":2: upstream[0].region: expected a region",
        ),
        ("region = 7", ":2: upstream[0].region: expected a region"),
        (
            "region = \"mypurecloud.jp\"\nurl = \"https://h\"",
            ":3: upstream[0].url: give either this or region",
        ),
        (
            "region = \"mypurecloud.jp\"\nstrip_prefix = true",
            ":3: upstream[0].strip_prefix: the prefixes of a region are always cut off",
        ),
        (
            "url = \"https://h\"\nlogin_prefix = \"/b\"",
            ":3: upstream[0].login_prefix: is for region only",
        ),
        (
            "region = \"mypurecloud.jp\"\nlogin_prefix = \"/\"",
            ":3: upstream[0].login_prefix: \"/\" leads to upstream \"api\" already",
        ),
    ] {
        let found = upstream_fault(keys);
        assert!(found.starts_with(fault), "{found}");
    }
    let (long, fits) = ("a".repeat(59), "a".repeat(58));
    let named = |name: &str| format!("name = \"{name}\"\nregion = \"mypurecloud.jp\"");
    let found = upstream_fault(&named(&long));
    assert!(
        found.contains(".name: leaves no room for -login"),
        "{found}"
    );
    assert!(load(&format!("[[upstream]]\n{}", named(&fits))).is_ok());
}

#[test]
fn the_login_of_a_region_must_not_meet_another_upstream() {
    let region =
        "[[upstream]]\nname = \"tokyo\"\nregion = \"mypurecloud.jp\"\nprefix = \"/tokyo\"\n";
    let with = |name: &str, prefix: &str| {
        format!("{region}[[upstream]]\nname = \"{name}\"\nurl = \"{URL}\"\nprefix = \"{prefix}\"\n")
    };
    let fault = fault_of(&with("other", "/tokyo/oauth"));
    assert_eq!(
        fault,
        ":8: upstream \"other\".prefix: \"/tokyo/oauth\" leads to upstream \"tokyo-login\" already"
    );
    let fault = fault_of(&with("tokyo-login", "/"));
    assert!(
        fault.contains("another upstream is called \"tokyo-login\""),
        "{fault}"
    );
    assert_eq!(routes(&with("other", "/")).len(), 3);
}

#[test]
fn a_prefix_belongs_to_one_upstream_of_each_host() {
    let upstream = |name: &str, host: &str| {
        format!("[[upstream]]\nurl = \"{URL}\"\nname = \"{name}\"\nhost = {host}\n")
    };
    let (a, all) = ("\"A.example\"", "[\"b.example\", \"a.example\"]");
    let anyone = format!("[[upstream]]\nname = \"anyone\"\nurl = \"{URL}\"\n");
    let apart = anyone.clone() + &upstream("a", a) + &upstream("b", "\"b.example.\"");
    let hosts: Vec<_> = load(&apart)
        .unwrap()
        .upstreams
        .into_iter()
        .map(|one| one.hosts)
        .collect();
    assert_eq!(hosts, [vec![], vec!["a.example"], vec!["b.example"]]);
    let fault = fault_of(&(upstream("a", a) + &upstream("all", all)));
    let problem = "upstream \"all\".prefix: \"/\" leads to upstream \"a\" already";
    assert!(fault.contains(problem), "{fault}");
    let regions = "host = \"a.example\"\nregion = \"mypurecloud.jp\"";
    let pair = load(&format!("[[upstream]]\n{regions}")).unwrap().upstreams;
    assert!(pair.iter().all(|one| one.hosts == ["a.example"]));
}

#[test]
fn a_host_is_a_name_or_an_address_and_nothing_more() {
    for host in ["a", "tokyo.gateway.example", "127.0.0.1", "[::1]", "a_b-c"] {
        let text = format!("[[upstream]]\nurl = \"{URL}\"\nhost = \"{host}\"");
        assert_eq!(load(&text).unwrap().upstreams[0].hosts, [host]);
    }
    for host in [
        "",
        ".",
        "*",
        "*.example",
        "a:80",
        "[::1]:80",
        "::1",
        "a/b",
        "u@a",
        "a b",
        "é",
    ] {
        let fault = upstream_fault(&format!("url = \"{URL}\"\nhost = \"{host}\""));
        assert!(
            fault.starts_with(":3: upstream[0].host: expected a host such as"),
            "{host}: {fault}"
        );
    }
    let fault = upstream_fault(&format!("url = \"{URL}\"\nhost = [\"a\", 7]"));
    assert!(
        fault.starts_with(":3: upstream[0].host[1]: expected a host"),
        "{fault}"
    );
}

#[test]
fn a_part_of_the_prefix_may_be_cut_off() {
    let with = |strip: &str| {
        format!("[[upstream]]\nurl = \"{URL}\"\nprefix = \"/a/oauth\"\nstrip_prefix = {strip}")
    };
    for (strip, part) in [
        ("false", None),
        ("true", Some("/a/oauth")),
        ("\"/a/oauth/\"", Some("/a/oauth")),
        ("\"/a\"", Some("/a")),
        ("\"/\"", None),
    ] {
        assert_eq!(routes(&with(strip))[0].3.as_deref(), part, "{strip}");
    }
    for strip in ["\"/b\"", "\"/a/o\"", "\"a\"", "\"/a/oauth/token\"", "7"] {
        let fault = fault_of(&with(strip));
        assert!(
            fault.contains("the beginning of the prefix, \"/a/oauth\""),
            "{strip}: {fault}"
        );
    }
}

#[test]
fn check_prints_a_region_as_the_pair_that_it_is() {
    let text = "[[upstream]]\nregion = \"mypurecloud.jp\"\nprefix = \"/a\"\nhost = [\"b\", \"a\"]\nhttp2 = true";
    let config = load(text).unwrap();
    let printed = config.to_toml();
    for line in [
        "name = \"api-login\"",
        "url = \"https://login.mypurecloud.jp\"",
        "host = [\"a\", \"b\"]",
        "prefix = \"/a/oauth\"",
        "strip_prefix = \"/a\"",
    ] {
        assert!(printed.lines().any(|one| one == line), "{line}\n{printed}");
    }
    assert_eq!(load(&printed).unwrap().upstreams, config.upstreams);
}
