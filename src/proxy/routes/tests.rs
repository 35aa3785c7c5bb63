use proptest::prelude::*;

use super::*;

fn at<S>(prefix: &str, service: S) -> Route<S> {
    Route::new(prefix, service)
}

fn found(
    routes: &Routes<&'static str>,
    host: Option<&str>,
    target: &str,
) -> Option<(&'static str, String)> {
    let target: Uri = target.parse().unwrap();
    let (service, uri) = routes.find(host, &target)?;
    Some((*service, uri.unwrap_or(target).to_string()))
}

#[test]
fn the_longest_prefix_of_whole_segments_wins() {
    let routes = Routes::default()
        .with(at("/", "root"))
        .with(at("/a", "a"))
        .with(at("/a/b/", "ab"));
    for (target, service) in [
        ("/", "root"),
        ("/ab", "root"),
        ("/A", "root"),
        ("/%61", "root"),
        ("/a", "a"),
        ("/a?x", "a"),
        ("/a/", "a"),
        ("/a/bc", "a"),
        ("/a/b", "ab"),
        ("/a/b/c/../..", "ab"),
    ] {
        let (found, uri) = found(&routes, Some("any"), target).unwrap();
        assert_eq!(found, service, "{target}");
        assert_eq!(uri, target, "nothing is stripped unless asked for");
    }
}

#[test]
fn a_stripped_prefix_leaves_the_rest_byte_for_byte() {
    let routes = Routes::default()
        .with(at("/gate", "api").stripping("/gate"))
        .with(at("/gate/oauth", "login").stripping("/gate"))
        .with(at("/other", "other").stripping("/gate"));
    for (target, service, stripped) in [
        ("/gate", "api", "/"),
        ("/gate?a=%2F", "api", "/?a=%2F"),
        ("/gate/", "api", "/"),
        ("/gate//x/%2e%2E?", "api", "//x/%2e%2E?"),
        ("http://h:1/gate/x?y", "api", "http://h:1/x?y"),
        ("/gate/oauth/token", "login", "/oauth/token"),
        ("/gate/oauth?x", "login", "/oauth?x"),
        ("/gate/oauths", "api", "/oauths"),
        ("/other/x", "other", "/other/x"),
    ] {
        let (name, uri) = found(&routes, None, target).unwrap();
        assert_eq!((name, uri.as_str()), (service, stripped), "{target}");
    }
    assert_eq!(found(&routes, None, "/gateway/x"), None);
}

#[test]
fn a_host_that_is_named_leads_to_those_that_name_it_and_nowhere_else() {
    let named = |prefix, hosts: &[&str], service| {
        let hosts: Vec<_> = hosts.iter().map(|host| (*host).to_owned()).collect();
        at(prefix, service).for_hosts(&hosts)
    };
    let routes = Routes::default()
        .with(at("/", "anyone"))
        .with(at("/api/v2/long", "anyone's"))
        .with(named("/api", &["tokyo.example", "tyo.example"], "tokyo"))
        .with(named("/api/v2", &["tyo.example"], "short"))
        .with(named("/api", &["[::1]"], "address"));
    for (host, target, service) in [
        (None, "/api/x", Some("anyone")),
        (Some("other.example"), "/api/v2/long", Some("anyone's")),
        (Some("tokyo.example.org"), "/api", Some("anyone")),
        (Some("tokyo.example"), "/api/v2/long", Some("tokyo")),
        (Some("TOKYO.Example"), "/api", Some("tokyo")),
        (Some("tyo.example"), "/api/v2/long", Some("short")),
        (Some("tyo.example"), "/api/v1", Some("tokyo")),
        (Some("[::1]"), "/api", Some("address")),
        (Some("tokyo.example"), "/", None),
        (Some("tokyo.example"), "/other", None),
    ] {
        let name = found(&routes, host, target).map(|(name, _)| name);
        assert_eq!(name, service, "{host:?} {target}");
    }
}

#[test]
fn the_host_of_a_request_is_its_targets_or_else_its_headers_without_the_port() {
    for (target, header, host) in [
        ("/x", Some("a.example"), Some("a.example")),
        ("/x", Some("a.example:8080"), Some("a.example")),
        ("/x", Some("a.example."), Some("a.example")),
        ("/x", Some("a.example.:80"), Some("a.example")),
        ("/x", Some("[::1]"), Some("[::1]")),
        ("/x", Some("[::1]:8080"), Some("[::1]")),
        ("http://b.example:1/x", Some("a.example"), Some("b.example")),
        ("http://[::1]:1/x", Some("a.example"), Some("[::1]")),
        ("http://b.example./x", None, Some("b.example")),
        ("http://a.example@b.example/x", None, Some("b.example")),
        ("/x", None, None),
    ] {
        let mut request = Request::new(());
        *request.uri_mut() = target.parse().unwrap();
        if let Some(header) = header {
            let header = header.parse().unwrap();
            request.headers_mut().insert(HOST, header);
        }
        assert_eq!(super::host(&request), host, "{target} {header:?}");
    }
}

#[test]
fn the_name_by_which_a_caller_knows_us_is_dropped() {
    for (target, rest) in [
        ("/a?b", "/a?b"),
        ("http://h:1/a//%2e?b=%2F", "/a//%2e?b=%2F"),
        ("http://h", "/"),
    ] {
        let mut target: Uri = target.parse().unwrap();
        to_origin_form(&mut target);
        assert_eq!(target.to_string(), rest);
    }
}

#[test]
fn the_answer_to_an_unknown_path_names_those_that_its_host_has() {
    let tokyo = ["tokyo.example".to_owned()];
    let routes = Routes::default()
        .with(at("/tokyo", ()).for_hosts(&tokyo))
        .with(at("/api", ()))
        .with(at("/oauth/", ()));
    let told = |routes: &Routes<()>, host| {
        let body = routes.unknown(host).body(crate::answer::RequestId::next());
        String::from_utf8(body.to_vec()).unwrap()
    };
    let (all, named) = (told(&routes, None), told(&routes, Some("tokyo.example")));
    assert!(
        all.contains("/oauth /api") && !all.contains("/tokyo"),
        "{all}"
    );
    assert!(named.contains("prefixes: /tokyo\""), "{named}");
    let only = Routes::default().with(at("/", ()).for_hosts(&tokyo));
    let stranger = told(&only, Some("other.example"));
    assert!(
        stranger.contains("no upstream is for the host"),
        "{stranger}"
    );
}

const HOSTS: [&str; 3] = ["a", "b", "c"];

fn path() -> impl Strategy<Value = String> {
    let segment = prop::sample::select(vec!["x", "y", "xy"]);
    prop::collection::vec(segment, 0..4).prop_map(|segments| format!("/{}", segments.join("/")))
}

/// Routes as the configuration lets them be: none of one prefix for the same host.
fn routes() -> impl Strategy<Value = Vec<Route<usize>>> {
    let hosts = prop::sample::subsequence(HOSTS.to_vec(), 0..=2);
    prop::collection::vec((hosts, path()), 0..8).prop_map(|all| {
        let mut routes: Vec<Route<usize>> = Vec::new();
        for (index, (hosts, prefix)) in all.into_iter().enumerate() {
            let hosts: Vec<_> = hosts.into_iter().map(str::to_owned).collect();
            let route = at(&prefix, index).for_hosts(&hosts);
            let meets = |other: &Route<usize>| {
                let shared = other.hosts.iter().any(|host| route.hosts.contains(host));
                other.prefix == route.prefix
                    && (shared || (other.hosts.is_empty() && route.hosts.is_empty()))
            };
            if !routes.iter().any(meets) {
                routes.push(route);
            }
        }
        routes
    })
}

fn all(routes: impl IntoIterator<Item = Route<usize>>) -> Routes<usize> {
    routes.into_iter().fold(Routes::default(), Routes::with)
}

proptest! {
    #[test]
    fn the_order_of_entries_decides_nothing(
        (routes, shuffled) in routes().prop_flat_map(|routes| {
            (Just(routes.clone()), Just(routes).prop_shuffle())
        }),
        host in prop::option::of(prop::sample::select(vec!["a", "b", "c", "d"])),
        path in path(),
    ) {
        let target: Uri = path.parse().unwrap();
        let (one, other) = (all(routes), all(shuffled));
        let name = |routes: &Routes<usize>| routes.find(host, &target).map(|(name, _)| *name);
        prop_assert_eq!(name(&one), name(&other));
    }

    #[test]
    fn the_one_chosen_is_for_the_host_and_no_other_that_is_fits_better(
        routes in routes(),
        host in prop::option::of(prop::sample::select(vec!["a", "b", "c", "d"])),
        path in path(),
    ) {
        let target: Uri = path.parse().unwrap();
        let named = host.is_some_and(|host| routes.iter().any(|route| route.names(host)));
        let fits = |route: &&Route<usize>| match host.filter(|_| named) {
            Some(host) => route.names(host),
            None => route.hosts.is_empty(),
        };
        let best = routes.iter().filter(fits).filter(|route| route.leads(&path));
        let best = best.max_by_key(|route| route.prefix.len()).map(|route| route.service);
        let found = all(routes.clone()).find(host, &target).map(|(name, _)| *name);
        prop_assert_eq!(found, best);
    }
}
