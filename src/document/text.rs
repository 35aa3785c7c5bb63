//! Values from outside files: text without a type.

use super::{Node, Place, Value, parse};

impl Node {
    /// A value given as bare text, which takes the type that is wanted where it is read.
    pub fn text(raw: impl Into<String>, place: Place) -> Self {
        let raw = raw.into();
        let parsed = parse::parse_value(raw.trim(), &place).map(Box::new);
        Self {
            value: Value::Text { raw, parsed },
            place,
        }
    }

    /// Turns text into the table or list that it reads as, so that entries can be put into it.
    pub fn settle(&mut self) {
        if let Value::Text {
            parsed: parsed @ Some(_),
            ..
        } = &mut self.value
            && let Some(value) =
                parsed.take_if(|value| matches!(**value, Value::Table(_) | Value::List(_)))
        {
            self.value = *value;
        }
    }
}
