mod bound;
mod connecting;
mod info;
mod listener;
mod send_file;
mod stream;
