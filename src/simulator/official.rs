//! What the published API makes of a request: commands, not descriptions of a state.
//!
//! A request is judged in this order: path (404), method (405), bearer (401), what the token may see (404,
//! 403), media type (415), the body against its model (400), and last whether it makes sense now (400).
//! What is published leaves gaps (whether unknown members are refused, say); where it does, this takes
//! the side that shows a mistake.

mod attributes;
mod body;
mod deed;
mod inbound;
mod models;
mod orders;
mod participant;
mod path;
mod scope;
mod whole;

use http::{HeaderMap, Method, StatusCode};
use serde_json::json;

use super::effect::Effect;
use super::error::ApiError;
use super::model::{Conversation, Media, View};
use super::render;
use super::reply::{self, Reply};
use super::store::Store;
use super::token;

pub(super) use self::path::{Published, route};

use self::body::{Model, Object};
use self::path::Action;
use self::scope::Scope;

/// A request that has reached an operation of the API.
#[derive(Clone, Copy, Debug)]
pub(super) struct Call<'a> {
    pub(super) endpoint: Published<'a>,
    pub(super) template: &'a str,
    /// The request's path.
    pub(super) uri: &'a str,
    pub(super) method: &'a Method,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a [u8],
    pub(super) token: &'a str,
    /// The request's number.
    pub(super) request: u64,
}

/// What a write leaves behind, and its answer.
type Done = (Vec<Effect>, Reply);

/// Judges the request and carries it out. A refusal has changed nothing.
pub(super) fn answer(store: &mut Store, call: &Call<'_>) -> Result<Reply, ApiError> {
    let Published {
        operation,
        view,
        conversation,
        ..
    } = call.endpoint;
    if operation.action == Action::InboundMessage {
        let (effect, message) = inbound::receive(call)?;
        store.note(effect);
        return Ok(reply::json(StatusCode::ACCEPTED, &message));
    }
    let found = store.find(conversation, view, call.token)?;
    if operation.action == Action::Show {
        let shape = render::conversation(&found, view, call.uri);
        return Ok(reply::json(StatusCode::OK, &shape));
    }
    // Written to a copy, which is dropped with a refusal.
    let mut next = Conversation::clone(&found);
    let (effects, reply) = write(call, &mut next)?;
    store.insert(next);
    store.note(effects);
    Ok(reply)
}

fn write(call: &Call<'_>, conversation: &mut Conversation) -> Result<Done, ApiError> {
    match call.endpoint.operation.action {
        Action::EndConversation => {
            let effects = whole::patch(call, conversation)?;
            let uri = format!("/api/v2/conversations/{}", conversation.id);
            let shape = render::conversation(conversation, View::General, &uri);
            Ok((effects, reply::json(StatusCode::OK, &shape)))
        }
        Action::Disconnect => Ok((whole::disconnect(call, conversation), accepted())),
        Action::Tags => Ok((whole::tags(call)?, accepted())),
        action => write_to_participant(call, conversation, action),
    }
}

fn write_to_participant(
    call: &Call<'_>,
    conversation: &mut Conversation,
    action: Action,
) -> Result<Done, ApiError> {
    let Published {
        view,
        participant: id,
        communication,
        ..
    } = call.endpoint;
    let found = conversation
        .participant_mut(id)
        .filter(|found| found.is_in(view));
    let participant = found.ok_or_else(ApiError::not_found)?;
    if !communication.is_empty() && !call.scope().is_in(participant) {
        return Err(ApiError::not_found());
    }
    let (deed, reply) = match action {
        Action::Participant => (participant::patch(call, participant)?, accepted()),
        Action::Attributes => {
            let deed = attributes::patch(call, participant)?;
            (deed, attributes::reply(call, participant))
        }
        Action::Communication => {
            let deed = participant::patch_communication(call, participant)?;
            (deed, reply::json(StatusCode::OK, &json!({})))
        }
        Action::PostFlow => (orders::post_flow_action(call)?, accepted()),
        Action::Consult => {
            let deed = orders::consult(call, participant)?;
            (deed, reply::json(StatusCode::OK, &json!({})))
        }
        Action::ParkingState => {
            let deed = orders::parking_state(call, participant)?;
            (deed, reply::empty(StatusCode::NO_CONTENT))
        }
        Action::AfterCallWork => {
            let (deed, echo) = orders::after_call_work(call, participant)?;
            (deed, reply::json(StatusCode::OK, &echo))
        }
        Action::Replace => {
            let destinations = ["userId", "address", "userName", "queueId"];
            let deed = orders::replace(call, participant, models::TRANSFER, &destinations)?;
            (deed, accepted())
        }
        Action::ReplaceQueue => {
            let model = models::TRANSFER_TO_QUEUE;
            (
                orders::replace(call, participant, model, &["queueId", "queueName"])?,
                accepted(),
            )
        }
        // Not below a participant; answered before.
        Action::Show
        | Action::EndConversation
        | Action::Disconnect
        | Action::Tags
        | Action::InboundMessage => return Err(ApiError::not_found()),
    };
    Ok((deed.on(call, id).into_iter().collect(), reply))
}

fn accepted() -> Reply {
    reply::empty(StatusCode::ACCEPTED)
}

// === impl Call ===

impl Call<'_> {
    /// What the path shows of its participant.
    fn scope(&self) -> Scope<'_> {
        let Published {
            view,
            communication,
            ..
        } = self.endpoint;
        Scope {
            view,
            communication,
        }
    }

    /// The body's members, or none where the body may be left out and was.
    fn read(&self, model: Model) -> Result<Option<Object>, ApiError> {
        let body = body::read(self.headers, self.body, model)?;
        if body.is_none() && self.endpoint.operation.needs_body {
            return Err(ApiError::malformed());
        }
        Ok(body)
    }

    fn read_required(&self, model: Model) -> Result<Object, ApiError> {
        self.read(model)?.ok_or_else(ApiError::malformed)
    }

    /// Commands are for users. Client credentials, which nobody is behind, are refused: on calls by
    /// saying so, elsewhere as somebody who takes no part in the conversation.
    fn check_user(&self) -> Result<(), ApiError> {
        let Published {
            view, conversation, ..
        } = self.endpoint;
        if !token::is_of_client(self.token) {
            return Ok(());
        }
        if view != View::Media(Media::Call) {
            return Err(ApiError::forbidden(conversation));
        }
        let message = "Client credentials cannot be used for requests to this resource that require \
                       a user context.";
        Err(scope::refusal("not.a.user", message))
    }
}
