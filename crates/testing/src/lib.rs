//! Tests of services: a server and a client in one loop, expected log lines.
