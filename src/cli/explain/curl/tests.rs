use super::*;

fn read(file: &Path) -> Result<Bytes, String> {
    match file.to_str() {
        Some("body.json") => Ok(Bytes::from_static(b"{\n\"a\": 1}\r\n")),
        Some("-") => Ok(Bytes::from_static(b"{\"from\":\"stdin\"}")),
        Some("headers") => Ok(Bytes::from_static(b"X-One: 1\n\nX-Two: 2\n")),
        _ => Err("no such file".to_owned()),
    }
}

#[track_caller]
fn sent(command: &str) -> Asked {
    asked(command, &read).unwrap()
}

#[track_caller]
fn body(command: &str) -> String {
    String::from_utf8(sent(command).body.into()).unwrap()
}

#[track_caller]
fn field(asked: &Asked, name: &str) -> String {
    let all = asked.headers.get_all(name).iter();
    let all: Vec<_> = all.map(|value| value.to_str().unwrap()).collect();
    all.join("|")
}

#[test]
fn what_chrome_copies_is_understood() {
    let asked = sent(
        r"curl 'https://api.mypurecloud.com/api/v2/conversations/c1/participants/p1' \
  -X 'PATCH' \
  -H ':authority: api.mypurecloud.com' \
  -H 'accept: application/json, text/plain, */*' \
  -H 'authorization: Bearer planted' \
  -H 'content-type: application/json' \
  -b 'a=b; c=d' \
  --data-raw $'{\'attributes\':{\'a\':\'it\\\'s\u0021\'}}' \
  --compressed",
    );
    assert_eq!(asked.method, Method::PATCH);
    assert_eq!(
        asked.target.path,
        "/api/v2/conversations/c1/participants/p1"
    );
    assert_eq!(asked.target.host.as_deref(), Some("api.mypurecloud.com"));
    assert_eq!(field(&asked, "authorization"), "Bearer planted");
    assert_eq!(field(&asked, "content-type"), "application/json");
    assert_eq!(field(&asked, "cookie"), "a=b; c=d");
    assert_eq!(&*asked.body, br"{'attributes':{'a':'it\'s!'}}");
}

#[test]
fn what_postman_and_the_docs_have_is_understood() {
    let asked = sent(
        "curl --location --request PATCH 'https://h/p' --header 'Content-Type: application/json' \
         --data '{\n  \"attributes\": {}\n}'",
    );
    assert_eq!(
        (asked.method, &*asked.body),
        (Method::PATCH, &b"{\n  \"attributes\": {}\n}"[..])
    );
    let asked =
        sent("$ TOKEN=x curl -sSXPUT -k -L -o /dev/null -w '%{http_code}' --url h/p -d '{}'");
    assert_eq!(
        (asked.method, asked.target.path.as_str()),
        (Method::PUT, "/p")
    );
}

#[test]
fn curls_own_defaults_hold() {
    let method = |command| sent(command).method;
    assert_eq!(method("curl h"), Method::GET);
    assert_eq!(method("curl h -d a"), Method::POST);
    assert_eq!(method("curl -I h"), Method::HEAD);
    assert_eq!(method("curl -T body.json h"), Method::PUT);
    assert_eq!(method("curl -X PATCH -d a h"), Method::PATCH);
    let kind = |command| field(&sent(command), "content-type");
    assert_eq!(kind("curl h"), "");
    assert_eq!(kind("curl h -d a"), "application/x-www-form-urlencoded");
    assert_eq!(kind("curl h --json a"), "application/json");
    assert_eq!(
        kind("curl h -d a -H 'content-type: text/plain'"),
        "text/plain"
    );
    assert_eq!(kind("curl h -d a -H Content-Type:"), "");
    assert_eq!(
        field(&sent("curl h --json a"), "accept"),
        "application/json"
    );
    let empty = sent("curl h -H 'X-Empty;'");
    assert_eq!(empty.headers.get("x-empty").unwrap(), "");
}

#[test]
fn bodies_come_from_arguments_files_and_stdin() {
    assert_eq!(body("curl h -d a=1 -d b=2"), "a=1&b=2");
    assert_eq!(body("curl h -d @body.json"), "{\"a\": 1}");
    assert_eq!(body("curl h --data-binary @body.json"), "{\n\"a\": 1}\r\n");
    assert_eq!(body("curl h --data-raw @body.json"), "@body.json");
    assert_eq!(body("curl h -d @-"), "{\"from\":\"stdin\"}");
    assert_eq!(body("curl h --json '{\"a\":' --json 1}"), "{\"a\":1}");
    assert_eq!(
        body("curl h --data-urlencode 'a=b c' --data-urlencode '=ü' --data-urlencode x@-"),
        "a=b%20c&%C3%BC&x=%7B%22from%22%3A%22stdin%22%7D"
    );
    assert!(
        asked("curl h -d @gone", &read)
            .unwrap_err()
            .contains("no such file")
    );
    let queried = sent("curl -G 'h/p?a=1#x' -d b=2 --url-query c=3");
    assert_eq!(
        (queried.method, queried.target.path.as_str()),
        (Method::GET, "/p?a=1&c=3&b=2")
    );
    assert!(queried.body.is_empty());
}

#[test]
fn options_become_header_fields() {
    let asked = sent("curl h -u user:pass -A agent -e page -H @headers");
    assert_eq!(field(&asked, "authorization"), "Basic dXNlcjpwYXNz");
    assert_eq!(field(&asked, "user-agent"), "agent");
    assert_eq!(field(&asked, "referer"), "page");
    assert_eq!(
        (field(&asked, "x-one"), field(&asked, "x-two")),
        ("1".to_owned(), "2".to_owned())
    );
    let both = sent("curl -u a:b -H 'Authorization: Bearer x' h");
    assert_eq!(field(&both, "authorization"), "Bearer x");
    assert_eq!(
        field(&sent("curl https://a:b@h/"), "authorization"),
        "Basic YTpi"
    );
    assert_eq!(
        field(&sent("curl --oauth2-bearer x h"), "authorization"),
        "Bearer x"
    );
    assert_eq!(field(&sent("curl -b jar.txt h"), "cookie"), "");
    assert_eq!(field(&sent("curl -H 'a: 1' -H 'a: 2' h"), "a"), "1|2");
}

#[test]
fn what_is_no_one_request_is_refused_with_the_reason() {
    for (command, reason) in [
        ("wget h", "does not begin with curl"),
        ("", "does not begin with curl"),
        ("curl -X PATCH", "no URL"),
        ("curl a b", "two URLs"),
        ("curl a --next b", "one by one"),
        ("curl -F a=b h", "-F"),
        ("curl -K file h", "-K"),
        ("curl --frob h", "--frob"),
        ("curl -X 'A B' h", "no method"),
        ("curl -H 'secret' h", "Name: value"),
        ("curl 'h/a b'", "%20"),
    ] {
        let problem = asked(command, &read).unwrap_err();
        assert!(problem.contains(reason), "{command}: {problem}");
    }
}

#[test]
fn a_problem_does_not_repeat_a_credential() {
    let problem = asked("curl -H 'Authorization: Bearer plan\u{1}ted' h", &read).unwrap_err();
    assert!(
        problem.contains("Authorization") && !problem.contains("ted"),
        "{problem}"
    );
    let problem = asked("curl -u 'x:plan' -b 'a=plan\u{1}ted' h", &read).unwrap_err();
    assert!(!problem.contains("plan"), "{problem}");
}
