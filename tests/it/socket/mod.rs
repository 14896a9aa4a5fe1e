mod adopt;
mod readiness;
