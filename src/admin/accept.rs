//! What a visitor would rather read (RFC 9110 section 12.5.1).

use http::{HeaderMap, header};

/// Whether `Accept` prefers HTML to plain text, as a browser's does. Without a preference there is none.
pub(super) fn prefers_html(headers: &HeaderMap) -> bool {
    let fields = headers.get_all(header::ACCEPT).iter();
    let accepted: Vec<_> = fields
        .filter_map(|field| field.to_str().ok())
        .flat_map(|field| field.split(','))
        .map(range)
        .collect();
    quality(&accepted, "html") > quality(&accepted, "plain")
}

/// A media range, in lower case, and its weight in thousandths.
fn range(text: &str) -> (String, u16) {
    let mut parts = text.split(';').map(|part| part.trim().to_ascii_lowercase());
    let range = parts.next().unwrap_or_default();
    let weight = parts.find_map(|part| part.strip_prefix("q=").map(weight));
    (range, weight.unwrap_or(1000))
}

/// RFC 9110 section 12.4.2. What is no weight is the least of all.
fn weight(text: &str) -> u16 {
    let weight = text.parse::<f32>().unwrap_or_default();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and 1000"
    )]
    let thousandths = (weight.clamp(0.0, 1.0) * 1000.0) as u16;
    thousandths
}

/// The weight of `text/{subtype}`: that of the most specific range that fits.
fn quality(accepted: &[(String, u16)], subtype: &str) -> u16 {
    let whole = format!("text/{subtype}");
    let of = |wanted: &str| {
        let found = accepted.iter().find(|(range, _)| range == wanted);
        found.map(|(_, weight)| *weight)
    };
    let found = of(&whole).or_else(|| of("text/*")).or_else(|| of("*/*"));
    found.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn browsers_get_html_and_programs_text() {
        for (accept, html) in [
            // Chromium, Firefox.
            (
                "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8",
                true,
            ),
            ("Text/HTML", true),
            ("text/*;q=0.5, text/html", true),
            ("text/html;level=1;Q=0.5, text/plain;q=0.4", true),
            // curl, and nothing said at all.
            ("*/*", false),
            ("", false),
            ("text/*", false),
            ("text/plain, text/html", false),
            ("text/html;q=0.4, text/plain;q=0.5", false),
            ("text/html;q=0, */*", false),
            ("text/html;q=nonsense", false),
            ("application/json", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
            assert_eq!(prefers_html(&headers), html, "{accept}");
        }
        assert!(!prefers_html(&HeaderMap::new()));
    }
}
