//! The right call to make in the place of a broken one, for whoever owns the application: from the rules alone,
//! with placeholders where values would stand.

use std::fmt::Write as _;

use http::Method;

use super::address::Address;
use super::meant::MOST_STEPS;
use super::template::{Segment, Template};
use super::{Match, Rule, Rules};
use crate::layer::record::Reason;
use crate::repair::Repair;
use crate::repair::diagnosis::{Diagnosis, Flaw};

mod notes;
mod skeleton;

use notes::notes;
use skeleton::Skeleton;

/// A kind of call that a rule does something about.
#[derive(Clone, Copy, Debug)]
pub struct Broken<'a> {
    /// The method that it came with.
    pub method: &'a Method,
    /// The path template that it matched.
    pub template: &'a str,
    /// What was done to it.
    pub repairs: &'a [Repair],
    /// JSON pointers of what was filled.
    pub filled: &'a [&'a str],
    /// Why nothing was done, where that is so.
    pub reason: Option<Reason>,
    /// What is wrong with it, where that was found.
    pub hint: Option<&'a str>,
}

impl Broken<'_> {
    fn was(&self, any: &[Repair]) -> bool {
        any.iter().any(|repair| self.repairs.contains(repair))
    }

    /// The flaw that was found, if any.
    fn flaw(&self) -> Option<Flaw> {
        let reason = self.reason?;
        let mut flaws = Flaw::ALL.iter().copied();
        flaws.find(|flaw| Reason::from(*flaw) == reason)
    }

    /// Whether it is not known what it misses, since nothing could be read.
    fn is_unread(&self) -> bool {
        self.reason.is_some() && self.flaw().is_none() && self.filled.is_empty()
    }
}

/// Where a call belongs.
struct Right<'r> {
    method: Method,
    path: String,
    /// The rule there, if there is any, and what it is reached by.
    rule: Option<&'r Rule>,
    body: Option<&'r [u8]>,
}

impl Right<'_> {
    /// The member that goes to a resource of its own, and its position among those.
    fn moved(&self, broken: &Broken<'_>) -> Option<(usize, &str)> {
        let recipe = &self.rule?.recipe;
        let at = |name: &str| recipe.reroute.iter().position(|moved| moved == name);
        // Where a map is that of such a member, it goes with it.
        let map = recipe
            .stringify
            .first()
            .and_then(|map| at(map.names().first()?));
        let map = map.filter(|_| broken.was(&[Repair::Stringify]));
        let first = broken.was(&[Repair::Reroute, Repair::Split]).then_some(0);
        let index = first.or(map)?;
        Some((index, recipe.reroute.get(index)?))
    }
}

impl Rules {
    /// The right call: method and path template, `Content-Type` and a body as JSON, each on a line of its own; then
    /// what else there is to know, a sentence a line.
    pub fn instead(&self, broken: &Broken<'_>) -> String {
        let bare = broken.template.replace(['{', '}'], "");
        let found = self.find(broken.method, &bare);
        let Some(found) = found.filter(|found| found.template() == broken.template) else {
            return "The rule that this matched is not in the configuration any more.".to_owned();
        };
        if let Some(flaw) = broken.flaw() {
            return self.advice(found.rule, flaw, broken.hint);
        }
        let mut text = String::new();
        let (right, passed) = self.follow(broken, &bare);
        let skeleton = Skeleton::new(&found, &right, broken);
        // Writing to a String cannot fail.
        let _ = self.render(&mut text, &found, &right, &skeleton, broken);
        notes(&mut text, &passed, &right, broken);
        text.truncate(text.trim_end().len());
        text
    }

    /// What to do about a request that was not repaired.
    fn advice(&self, rule: &Rule, flaw: Flaw, hint: Option<&str>) -> String {
        let own = rule.recipe.otherwise.iter();
        let mut known = own.chain(self.rejections.iter().map(|known| &known.diagnosis));
        let is_it = |known: &&Diagnosis| known.flaw == flaw && Some(known.hint.as_str()) == hint;
        match known.find(is_it) {
            Some(known) => known.advice.clone(),
            None => Diagnosis::of(flaw, "").advice,
        }
    }

    /// The way from rule to rule, and those that were passed.
    fn follow<'r>(&'r self, broken: &Broken<'_>, bare: &str) -> (Right<'r>, Vec<&'r Rule>) {
        let mut right = Right {
            method: broken.method.clone(),
            path: broken.template.to_owned(),
            rule: None,
            body: None,
        };
        let (mut passed, mut bare) = (Vec::new(), bare.to_owned());
        for step in 0..MOST_STEPS {
            let Some(here) = self.find(&right.method, &bare) else {
                return (right, passed);
            };
            let (rule, addresses) = (here.rule, &here.route.addresses);
            passed.push(rule);
            let to = addresses
                .to
                .as_ref()
                .filter(|_| broken.was(&[Repair::Path]));
            if let Some(method) = rule
                .method
                .as_ref()
                .filter(|_| to.is_some() || addresses.to.is_none())
            {
                right.method = method.clone();
            }
            right.body = rule.recipe.body.as_deref().or(right.body);
            if let Some(to) = to {
                (right.path, bare) = (shown(to), shown(to).replace(['{', '}'], ""));
                continue;
            }
            right.rule = Some(rule);
            let elsewhere = addresses.after_404.as_ref();
            if let Some(elsewhere) = elsewhere.filter(|_| step == 0 && broken.was(&[Repair::Path]))
            {
                right.path = shown(elsewhere);
            }
            return (right, passed);
        }
        (right, passed)
    }

    fn render(
        &self,
        out: &mut String,
        found: &Match<'_, '_>,
        right: &Right<'_>,
        skeleton: &Skeleton,
        broken: &Broken<'_>,
    ) -> std::fmt::Result {
        let Right {
            method, path, rule, ..
        } = right;
        let media_type = rule.and_then(|rule| rule.content_type.as_ref());
        let media_type = media_type.or(found.rule.content_type.as_ref());
        let media_type = media_type.and_then(|value| value.to_str().ok());
        let media_type = media_type.unwrap_or("application/json");
        let bare = path.replace(['{', '}'], "");
        let here = self.find(method, &bare);
        let moved = right.moved(broken).map(|(index, _)| index);
        let reroute = here.as_ref().zip(moved);
        let reroute = reroute.and_then(|(here, at)| here.route.addresses.reroute.get(at));
        let first = reroute.map_or_else(|| path.clone(), shown);
        writeln!(out, "{method} {first}\nContent-Type: {media_type}")?;
        match skeleton.text() {
            Some(body) => writeln!(out, "{body}")?,
            None => writeln!(out, "The body stays as it is sent today.")?,
        }
        if broken.was(&[Repair::Split]) {
            writeln!(
                out,
                "Then, if that was accepted, what else is to happen, in a call of its own:"
            )?;
            writeln!(out, "{method} {path}")?;
        }
        if let Some(source) = found.route.sources.first().filter(|_| skeleton.reads()) {
            let source = self.sources.get(source.source);
            let get = source
                .map(|source| template(&source.get))
                .unwrap_or_default();
            writeln!(
                out,
                "\"attributes\" stands for what is sent today; beside it the call says what the participant is now. GET {get} tells, at the participant's id; a member that has no value there is left out."
            )?;
        }
        Ok(())
    }
}

/// An address as a template.
fn shown(address: &Address) -> String {
    template(&address.template)
}

fn template(template: &Template) -> String {
    let mut text = String::new();
    for segment in template.segments() {
        text.push('/');
        match segment {
            Segment::Literal(literal) => text.push_str(literal),
            Segment::Param(name) => {
                let _ = write!(text, "{{{name}}}");
            }
        }
    }
    text
}

#[cfg(test)]
mod tests;
