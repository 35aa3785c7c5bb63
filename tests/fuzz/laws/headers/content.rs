use patchwright::repair::header::{
    forget_the_bytes, is_coded, misses_content_type, signs_the_content,
};
use sfv::{BareItem, Dictionary, ListEntry, Parser};

use super::{Fields, sorted};

/// What an edit takes away, since it speaks of the bytes as they were.
const FORGOTTEN: [&str; 7] = [
    "content-length",
    "transfer-encoding",
    "trailer",
    "content-md5",
    "digest",
    "content-digest",
    "repr-digest",
];

/// What a repair may change besides.
const CHANGED: [&str; 2] = ["content-type", "content-encoding"];

pub fn check(fields: &Fields) {
    let map = fields.map();
    let mut edited = map.clone();
    forget_the_bytes(&mut edited);
    let mut expected = sorted(&map);
    expected.retain(|(name, _)| !FORGOTTEN.contains(&name.as_str()));
    assert_eq!(sorted(&edited), expected, "what an edit leaves");
    assert_eq!(
        misses_content_type(&map, &[]),
        nobody_chose_a_type(fields),
        "{map:?}"
    );
    assert_eq!(is_coded(&map), has_a_coding(fields), "{map:?}");
    if signature_breaks(fields) {
        assert!(signs_the_content(&map), "a repair would break {map:?}");
    }
    if fields.all("signature-input").is_empty() {
        assert!(!signs_the_content(&map));
    }
}

/// DESIGN section 4: absent, `text/plain`, `application/x-www-form-urlencoded` or
/// `application/octet-stream`, whatever the parameters.
fn nobody_chose_a_type(fields: &Fields) -> bool {
    let types = fields.all("content-type");
    let [only] = types[..] else {
        return types.is_empty();
    };
    let essence = only.split(|byte| *byte == b';').next().unwrap_or_default();
    let essence = essence.trim_ascii().to_ascii_lowercase();
    let readable = only.iter().all(|byte| matches!(byte, b'\t' | b' '..=b'~'));
    let defaults = [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/octet-stream",
    ];
    readable && defaults.iter().any(|known| known.as_bytes() == essence)
}

fn has_a_coding(fields: &Fields) -> bool {
    let all = fields
        .all("content-encoding")
        .join(&b',')
        .to_ascii_lowercase();
    let mut codings = all.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    codings.any(|coding| !(coding.is_empty() || coding == b"identity"))
}

/// Whether a signature (RFC 9421) covers what a repair changes: the fields above, or a trailer, as an edit
/// drops those.
fn signature_breaks(fields: &Fields) -> bool {
    let lines = fields.all("signature-input");
    let Ok(dictionary) = Parser::new(&lines.join(&b", "[..])).parse::<Dictionary>() else {
        return false;
    };
    let components = dictionary.values().filter_map(|entry| match entry {
        ListEntry::InnerList(list) => Some(&list.items),
        ListEntry::Item(_) => None,
    });
    let mut components = components.flatten();
    components.any(|component| {
        let is_trailer = component.params.contains_key("tr");
        let BareItem::String(name) = &component.bare_item else {
            return false;
        };
        let name = name.as_str();
        is_trailer || FORGOTTEN.contains(&name) || CHANGED.contains(&name)
    })
}
