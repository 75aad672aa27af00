//! The web layer: Application, Handler, routing, arguments, responses, errors.
