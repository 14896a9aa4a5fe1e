mod host;
mod resolve;
