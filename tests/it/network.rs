//! Behaviour over networks of our own: hosts with wires, routers, firewalls and bad lines between
//! them (`crate::lab`). `scripts/test-network` runs these.

mod connect_host;
mod connecting;
mod echo;
mod errors;
mod flow_label;
mod guarded;
mod host;
mod interface;
mod message;
mod mtu;
mod multicast;
mod preferences;
mod relay;
mod router;
mod sharded;
mod wire;
mod zone;
