use super::*;
use http::{HeaderValue, header};

const MODEL: Model = &[
    ("text", Kind::Text),
    ("flag", Kind::Flag),
    ("whole", Kind::Whole),
    ("texts", Kind::Texts),
    ("word", Kind::Word("Word", &["a", "b"])),
    ("map", Kind::TextMap),
    ("attributes", Kind::Attributes),
    ("object", Kind::Object(&[("inner", Kind::Text)])),
    ("any", Kind::Any),
];

fn read_json(body: &str) -> Result<Option<Object>, ApiError> {
    let json = HeaderValue::from_static("application/json");
    let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, json)]);
    read(&headers, body.as_bytes(), MODEL)
}

#[test]
fn what_fits_the_model_is_kept_without_nulls() {
    let full = serde_json::json!({
        "text": "t", "flag": false, "whole": -3, "texts": ["x"], "word": "b",
        "map": { "k": "v" }, "attributes": { "k": "v", "n": null },
        "object": { "inner": "i" }, "any": [1, { "x": null }],
    });
    let read = read_json(&full.to_string()).unwrap().unwrap();
    assert_eq!(Value::Object(read), full);
    let nulls =
        "{\"text\":null,\"word\":null,\"object\":{\"inner\":null},\"flag\":true,\"flag\":null}";
    let read = read_json(nulls).unwrap().unwrap();
    assert_eq!(Value::Object(read), serde_json::json!({ "object": {} }));
}

#[test]
fn what_does_not_fit_is_malformed() {
    for body in [
        "{\"other\":1}",
        "{\"other\":null}",
        "{\"text\":1}",
        "{\"flag\":\"true\"}",
        "{\"whole\":1.0}",
        "{\"whole\":1e2}",
        "{\"texts\":[1]}",
        "{\"texts\":[null]}",
        "{\"word\":1}",
        "{\"map\":{\"k\":null}}",
        "{\"attributes\":{\"k\":1}}",
        "{\"object\":{\"other\":1}}",
        "{\"object\":[]}",
        "{\"text\":1,\"text\":\"t\"}",
        "{\"word\":\"c\",\"flag\":0}",
        "{} {}",
    ] {
        assert_eq!(read_json(body), Err(ApiError::malformed()), "{body}");
    }
}

#[test]
fn only_a_word_is_told() {
    let refusal = read_json("{\"word\":\"A\",\"flag\":true}").unwrap_err();
    assert_eq!(refusal.code, "invalid.value");
    let message = "Value [A] is not valid for field type [Word]. Allowable values are: a, b";
    assert_eq!(refusal.message, message);
}

#[test]
fn no_body_and_null_are_none_but_only_the_first_needs_no_type() {
    assert_eq!(read(&HeaderMap::new(), b"", MODEL), Ok(None));
    for body in ["null", " null\r\n", " "] {
        assert_eq!(read_json(body), Ok(None), "{body:?}");
        let untyped = read(&HeaderMap::new(), body.as_bytes(), MODEL).unwrap_err();
        assert_eq!(untyped.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    }
}
