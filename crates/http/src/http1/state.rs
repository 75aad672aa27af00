//! What either side of an HTTP/1.1 connection may send next (RFC 9112, sections 6 to 9).
//!
//! Whatever changes a state is in this file. Nothing here knows which of the two sides is ours,
//! so server and client cannot come to follow different rules.

use std::fmt;

/// The two sides of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Sends requests.
    Client,
    /// Sends responses.
    Server,
}

/// Where a side is in its message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Before the head of a request.
    #[default]
    Idle,
    /// The server alone: the request's head has come, the response's has not gone.
    Respond,
    /// After the head, before the body's end.
    Body,
    /// The message is complete, and another may follow once the other side's is too.
    Done,
    /// The message is complete, and it was the last.
    MustClose,
    /// The connection is closed, or will be without another byte.
    Closed,
    /// The connection speaks another protocol.
    Switched,
}

/// What happens on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The head of a request.
    Request,
    /// The head of a response with a status of 1xx other than 101.
    InformationalResponse,
    /// The head of a final response.
    Response,
    /// A part of a body.
    Data,
    /// The end of a body, which may be empty.
    EndOfMessage,
    /// The head of a response with status 101, or of one that grants CONNECT.
    SwitchProtocols,
    /// Both sides are done, and the connection goes on.
    NextMessage,
    /// One of the sides wants no other message after this.
    LastMessage,
    /// A side has closed.
    Close,
}

/// The state after an event; `None` is a breach of the protocol.
#[rustfmt::skip]
pub const fn next(side: Side, state: State, event: Event) -> Option<State> {
    use {Event::*, Side::*, State::*};
    Some(match (side, state, event) {
        (Client, Idle,      Request)               => Body,
        (Client, Body,      Data)                  => Body,
        (Client, Body,      EndOfMessage)          => Done,
        (Client, Done,      SwitchProtocols)       => Switched,

        (Server, Idle,      Request)               => Respond,   // the server's half sees the request too
        (Server, Idle,      Response)              => Body,      // an answer to what is no request
        (Server, Respond,   InformationalResponse) => Respond,
        (Server, Respond,   Response)              => Body,
        (Server, Respond,   SwitchProtocols)       => Switched,
        (Server, Body,      Data)                  => Body,
        (Server, Body,      EndOfMessage)          => Done,

        (_,      Done,      NextMessage)           => Idle,
        (_,      Done,      LastMessage)           => MustClose,
        (_,      MustClose, LastMessage)           => MustClose,
        (_,      Idle | Done | MustClose | Closed, Close) => Closed,
        _ => return None,
    })
}

/// The states of both sides.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct States {
    pub(super) client: State,
    pub(super) server: State,
}

/// An event that its side's state has no row for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OutOfTurn;

impl States {
    /// Notes what one side has sent; some of it changes the other's state too.
    #[inline]
    pub(super) fn note(&mut self, side: Side, event: Event) -> Result<(), OutOfTurn> {
        let (client, server) = match (side, event) {
            (Side::Client, Event::Request)
            | (Side::Server, Event::SwitchProtocols)
            | (_, Event::NextMessage | Event::LastMessage) => {
                (next(Side::Client, self.client, event), next(Side::Server, self.server, event))
            }
            (Side::Client, _) => (next(Side::Client, self.client, event), Some(self.server)),
            (Side::Server, _) => (Some(self.client), next(Side::Server, self.server, event)),
        };
        let (Some(client), Some(server)) = (client, server) else { return Err(OutOfTurn) };
        *self = Self { client, server };
        Ok(())
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write;

    const STATES: [State; 7] =
        [State::Idle, State::Respond, State::Body, State::Done, State::MustClose, State::Closed, State::Switched];
    const EVENTS: [Event; 9] = [
        Event::Request,
        Event::InformationalResponse,
        Event::Response,
        Event::Data,
        Event::EndOfMessage,
        Event::SwitchProtocols,
        Event::NextMessage,
        Event::LastMessage,
        Event::Close,
    ];

    /// The table as a diagram in Mermaid's notation.
    fn diagram(side: Side) -> String {
        let mut text = String::from("stateDiagram-v2\n    [*] --> Idle\n");
        for state in STATES {
            for event in EVENTS {
                if let Some(after) = next(side, state, event) {
                    writeln!(text, "    {state} --> {after}: {event:?}").unwrap();
                }
            }
        }
        text
    }

    #[test]
    fn the_diagrams_are_the_table() {
        let expected = "\
stateDiagram-v2
    [*] --> Idle
    Idle --> Body: Request
    Idle --> Closed: Close
    Body --> Body: Data
    Body --> Done: EndOfMessage
    Done --> Switched: SwitchProtocols
    Done --> Idle: NextMessage
    Done --> MustClose: LastMessage
    Done --> Closed: Close
    MustClose --> MustClose: LastMessage
    MustClose --> Closed: Close
    Closed --> Closed: Close
";
        assert_eq!(diagram(Side::Client), expected);
        let expected = "\
stateDiagram-v2
    [*] --> Idle
    Idle --> Respond: Request
    Idle --> Body: Response
    Idle --> Closed: Close
    Respond --> Respond: InformationalResponse
    Respond --> Body: Response
    Respond --> Switched: SwitchProtocols
    Body --> Body: Data
    Body --> Done: EndOfMessage
    Done --> Idle: NextMessage
    Done --> MustClose: LastMessage
    Done --> Closed: Close
    MustClose --> MustClose: LastMessage
    MustClose --> Closed: Close
    Closed --> Closed: Close
";
        assert_eq!(diagram(Side::Server), expected);
    }

    #[test]
    fn only_the_server_responds() {
        for state in STATES {
            for event in [Event::Response, Event::InformationalResponse] {
                assert_eq!(next(Side::Client, state, event), None);
            }
        }
    }

    #[test]
    fn a_second_request_waits_for_the_first_response() {
        let mut states = States::default();
        states.note(Side::Client, Event::Request).unwrap();
        states.note(Side::Client, Event::EndOfMessage).unwrap();
        assert_eq!(states.note(Side::Client, Event::Request), Err(OutOfTurn));
        assert_eq!(states.note(Side::Client, Event::NextMessage), Err(OutOfTurn));
        states.note(Side::Server, Event::Response).unwrap();
        states.note(Side::Server, Event::EndOfMessage).unwrap();
        states.note(Side::Client, Event::NextMessage).unwrap();
        states.note(Side::Client, Event::Request).unwrap();
    }

    #[test]
    fn nobody_switches_before_the_request_is_complete() {
        let mut states = States::default();
        states.note(Side::Client, Event::Request).unwrap();
        assert_eq!(states.note(Side::Server, Event::SwitchProtocols), Err(OutOfTurn));
        states.note(Side::Client, Event::EndOfMessage).unwrap();
        states.note(Side::Server, Event::SwitchProtocols).unwrap();
        assert_eq!((states.client, states.server), (State::Switched, State::Switched));
    }
}
