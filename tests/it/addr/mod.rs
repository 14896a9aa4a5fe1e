mod endpoint;
mod mapped;
mod property;
