//! Sockets as services: TCP server and client, resolver, netutil.
