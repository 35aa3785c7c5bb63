use super::*;

fn request(version: Version, target: &str, lines: &[(&str, &str)]) -> Request<()> {
    let mut request = Request::new(());
    *request.version_mut() = version;
    *request.uri_mut() = target.parse().unwrap();
    for (name, value) in lines {
        let name = header::HeaderName::from_bytes(name.as_bytes()).unwrap();
        let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
        request.headers_mut().append(name, value);
    }
    request
}

fn checked_request(request: &mut Request<()>) -> Result<(), Refusal> {
    let fields = Fields::of(request.headers());
    check(request, fields)
}

fn checked(lines: &[(&str, &str)]) -> Result<(), Refusal> {
    checked_request(&mut request(Version::HTTP_11, "/", lines))
}

#[test]
fn http_1_1_needs_exactly_one_valid_host() {
    for hosts in [
        &["a"][..],
        &["a.example:8080"],
        &["[::1]:80"],
        &["127.0.0.1"],
    ] {
        let lines: Vec<_> = hosts.iter().map(|host| ("host", *host)).collect();
        assert_eq!(checked(&lines), Ok(()), "{hosts:?}");
    }
    for hosts in [
        &[][..],
        &["a", "a"],
        &[""],
        &["a b"],
        &["a/b"],
        &["user@a"],
        &["a, b"],
        &["a:b:c"],
    ] {
        let lines: Vec<_> = hosts.iter().map(|host| ("host", *host)).collect();
        assert!(
            matches!(checked(&lines), Err(Refusal::Malformed(_))),
            "{hosts:?}"
        );
    }
}

#[test]
fn a_plain_host_is_a_host() {
    for (host, plain) in [
        ("api.example", true),
        ("127.0.0.1:8080", true),
        ("a:65535", true),
        ("a:65536", false),
        ("a:", false),
        ("a:+1", false),
        (":80", false),
        ("", false),
        ("user@a", false),
        ("[::1]:80", false),
        ("a:b:1", false),
        ("a/b", false),
    ] {
        assert_eq!(is_plain_host(host.as_bytes()), plain, "{host:?}");
        assert!(!plain || Authority::try_from(host).is_ok(), "{host:?}");
    }
}

#[test]
fn older_and_newer_versions_may_leave_host_out() {
    assert_eq!(
        checked_request(&mut request(Version::HTTP_10, "/", &[])),
        Ok(())
    );
    assert_eq!(
        checked_request(&mut request(Version::HTTP_2, "http://a/", &[])),
        Ok(())
    );
    assert!(checked_request(&mut request(Version::HTTP_2, "/", &[])).is_err());
    let two = [("host", "a"), ("host", "a")];
    assert!(checked_request(&mut request(Version::HTTP_10, "/", &two)).is_err());
}

#[test]
fn transfer_encoding_is_one_chunked_or_nothing() {
    let host = ("host", "a");
    let te = "transfer-encoding";
    assert_eq!(checked(&[host, (te, "Chunked")]), Ok(()));
    for lines in [
        &[host, (te, "chunked, chunked")][..],
        &[host, (te, "chunked"), (te, "chunked")],
        &[host, (te, "gzip, chunked")],
        &[host, (te, "identity")],
    ] {
        assert!(
            matches!(checked(lines), Err(Refusal::Malformed(_))),
            "{lines:?}"
        );
    }
    let mut old = request(Version::HTTP_10, "/", &[(te, "chunked")]);
    assert!(checked_request(&mut old).is_err());
}

#[test]
fn max_forwards_counts_down_and_ends_here_at_zero() {
    let lines = [("host", "a"), ("max-forwards", "3")];
    let mut options = request(Version::HTTP_11, "/a", &lines);
    *options.method_mut() = Method::OPTIONS;
    assert_eq!(checked_request(&mut options), Ok(()));
    assert_eq!(options.headers()[header::MAX_FORWARDS], "2");
    options
        .headers_mut()
        .insert(header::MAX_FORWARDS, HeaderValue::from_static("0"));
    assert_eq!(checked_request(&mut options), Err(Refusal::Options));
    let mut server = request(Version::HTTP_11, "*", &[("host", "a")]);
    *server.method_mut() = Method::OPTIONS;
    assert_eq!(checked_request(&mut server), Err(Refusal::Options));
}

#[test]
fn connect_trace_and_unknown_expectations_are_refused() {
    let mut trace = request(Version::HTTP_11, "/", &[("host", "a")]);
    *trace.method_mut() = Method::TRACE;
    assert_eq!(checked_request(&mut trace), Err(Refusal::Method));
    let mut connect = request(Version::HTTP_11, "a:80", &[("host", "a")]);
    *connect.method_mut() = Method::CONNECT;
    assert_eq!(checked_request(&mut connect), Err(Refusal::Connect));
    let host = ("host", "a");
    assert_eq!(checked(&[host, ("expect", "100-Continue")]), Ok(()));
    assert_eq!(
        checked(&[host, ("expect", "the-spanish-inquisition")]),
        Err(Refusal::Expectation)
    );
}

#[test]
fn a_loop_ends_and_a_chain_does_not() {
    let host = ("host", "a");
    let chain = "1.1 patchwright, 1.1 other, 2.0 patchwright";
    assert_eq!(checked(&[host, ("via", chain)]), Ok(()));
    let hops = ["1.1 patchwright"; MAX_HOPS].join(", ");
    assert_eq!(checked(&[host, ("via", &hops)]), Err(Refusal::Loop));
}
