//! HTTP in both directions: one codec for server and client.
