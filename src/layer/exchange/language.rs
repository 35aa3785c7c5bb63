use super::Case;
use crate::directory::Directory;
use crate::layer::options::Mode;
use crate::layer::record::Reason;
use crate::repair::charset::Charset;
use crate::repair::coding::Codings;
use crate::repair::header::signs_the_content;

/// How a body is written, as its head says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Language {
    pub(super) codings: Codings,
    pub(super) charset: Charset,
}

impl<D: Directory> Case<'_, D> {
    /// How the body is to be read, or why it needs not even be looked at.
    pub(super) fn language(&self) -> Result<Language, Reason> {
        let headers = &self.head.headers;
        if self.mode == Mode::Off {
            return Err(Reason::ModeOff);
        }
        let language = Language {
            codings: Codings::of(headers).map_err(|_| Reason::Coding)?,
            charset: Charset::declared(headers),
        };
        if language.charset == Charset::Other {
            return Err(Reason::Coding);
        }
        if signs_the_content(headers) {
            return Err(Reason::Signed);
        }
        Ok(language)
    }
}
