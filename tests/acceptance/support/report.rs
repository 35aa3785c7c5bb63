use sfv::{BareItem, Dictionary, ListEntry, Parser};

/// The `Patchwright` header, read by somebody else's parser.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) outcome: String,
    pub(crate) reason: Option<String>,
    pub(crate) filled: Vec<String>,
    pub(crate) repairs: Vec<String>,
    pub(crate) dropped: Vec<String>,
}

impl Report {
    /// Empty where there is none.
    pub(crate) fn of<B>(answer: &http::Response<B>) -> Self {
        let header = answer.headers().get("patchwright");
        header
            .map(|header| Self::read(header.to_str().unwrap()))
            .unwrap_or_default()
    }

    fn read(text: &str) -> Self {
        let all: Dictionary = Parser::new(text).parse().unwrap();
        let words = |key: &str| match all.get(key) {
            Some(ListEntry::InnerList(list)) => list
                .items
                .iter()
                .map(|item| word(&item.bare_item))
                .collect(),
            Some(ListEntry::Item(item)) => vec![word(&item.bare_item)],
            None => Vec::new(),
        };
        Self {
            outcome: words("outcome").concat(),
            reason: words("reason").pop(),
            filled: words("filled"),
            repairs: words("repairs"),
            dropped: words("dropped"),
        }
    }

    pub(crate) fn repairs(&self, kind: &str) -> bool {
        self.repairs.iter().any(|repair| repair == kind)
    }
}

fn word(item: &BareItem) -> String {
    let word = item.as_token().map(sfv::TokenRef::as_str);
    let word = word.or_else(|| item.as_string().map(sfv::StringRef::as_str));
    word.unwrap_or_default().to_owned()
}
