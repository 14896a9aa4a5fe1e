//! Errors of routers.
