mod batch;
mod guarded;
mod message;
mod socket;
